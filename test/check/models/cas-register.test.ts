import assert from "node:assert/strict";
import { test } from "node:test";
import { casRegister, type Value } from "@quorate/check";
import { type Step, verdictOf } from "./steps.ts";

const write = (value: Value): Step => [0, "write", value, "ok", null];
const read = (value: Value): Step => [0, "read", null, "ok", value];

test("a compare-and-set that succeeded found what it compared", () => {
  assert.equal(verdictOf(casRegister, [write(1), [0, "cas", [1, 2], "ok", null], read(2)]), "linearizable");
  assert.equal(verdictOf(casRegister, [write(1), [0, "cas", [2, 3], "ok", null]]), "not-linearizable");
});

test("a compare-and-set that failed found something else, and changed nothing", () => {
  assert.equal(verdictOf(casRegister, [write(1), [0, "cas", [2, 3], "fail", null], read(1)]), "linearizable");
  assert.equal(verdictOf(casRegister, [write(1), [0, "cas", [1, 3], "fail", null]]), "not-linearizable");
});

test("a compare-and-set that was not applied saw nothing", () => {
  assert.equal(verdictOf(casRegister, [write(1), [0, "cas", [1, 3], "not-applied", null], read(1)]), "linearizable");
});

test("a compare-and-set of unknown outcome sets only where it compares", () => {
  assert.equal(verdictOf(casRegister, [write(1), [0, "cas", [1, 3], "unknown", null], read(3)]), "linearizable");
  assert.equal(verdictOf(casRegister, [write(1), [0, "cas", [2, 3], "unknown", null], read(3)]), "not-linearizable");
});
