import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Check,
  checkBoolean,
  checkBytes,
  checkInt,
  checkKinds,
  checkList,
  checkNull,
  checkNullable,
  checkNumber,
  checkOneOf,
  checkText,
  checkTuple,
} from "@quorate/machine";

const cases: readonly (readonly [
  name: string,
  check: Check<unknown>,
  good: readonly unknown[],
  bad: readonly unknown[],
])[] = [
  ["an integer in range", checkInt(-2, 7), [-2, 0, 7], [-3, 8, 0.5, -0, NaN, "1", null, 1n]],
  ["a number in range", checkNumber(0, 10), [0, 0.5, 10], [-1, 11, NaN, Infinity, "1", undefined]],
  ["an unbounded number", checkNumber(-Infinity, Infinity), [1e300], [Infinity, -Infinity, NaN]],
  ["a text", checkText(3), ["", "abc"], ["abcd", 1, null]],
  ["bytes", checkBytes(2), [new Uint8Array(2)], [new Uint8Array(3), [1], "ab", new Uint16Array(1)]],
  ["a boolean", checkBoolean, [true, false], [0, "true", null]],
  ["null", checkNull, [null], [undefined, 0, ""]],
  ["one of some", checkOneOf(1, "a", true), [1, "a", true], [2, "b", false, "1"]],
  ["null or a text", checkNullable(checkText(1)), [null, "a"], [undefined, "ab"]],
  [
    "a tuple",
    checkTuple(checkInt(0, 1), checkText(1)),
    [[0, "a"]],
    [[0], [0, "a", 1], ["a", 0], { 0: 0, 1: "a", length: 2 }],
  ],
  ["a list", checkList(checkInt(0, 9), 2), [[], [1, 2]], [[1, 2, 3], [10], "12", null]],
  [
    "kinds",
    checkKinds({ 1: checkTuple(checkOneOf(1)), 2: checkTuple(checkOneOf(2), checkText(9)) }),
    [[1], [2, "a"]],
    [[3], [1, 2], [2], ["1"], [], 1, null],
  ],
];

for (const [name, check, good, bad] of cases) {
  test(`${name} is taken as it is, and nothing else is`, () => {
    for (const value of good) assert.deepEqual(check(value), value);
    for (const value of bad) assert.throws(() => check(value), TypeError);
  });
}

test("a refusal names what was expected and what came, without its content", () => {
  assert.throws(
    () => checkInt(1, 2)("secret"),
    new TypeError("expected an integer from 1 to 2, got a text of 6 characters"),
  );
  assert.throws(
    () => checkText(2)(new Uint8Array(5)),
    new TypeError("expected a text of at most 2 characters, got 5 bytes"),
  );
});
