import assert from "node:assert/strict";
import { test } from "node:test";
import { QuorateError } from "@quorate/machine";
import { kvMachine } from "@quorate/kv";
import { bytes, imageBytes, LogOfOne } from "../log-of-one.ts";

test("the first put of a key makes it with version 1, and each later one counts on", () => {
  const log = new LogOfOne();
  log.put("a", "one");
  log.put("a", "two");
  assert.deepEqual(log.query([1, "a", 0]), [1, ["a", bytes("two"), 2, 3, 2, 0, 0]]);
});

test("a key that was deleted and put again is a new key", () => {
  const log = new LogOfOne();
  log.put("a", "one");
  assert.deepEqual(log.apply([2, [1, "a", ""], 0, 1]), [2, 1, [["a", bytes("one"), 2, 2, 1, 0, 0]], false]);
  assert.deepEqual(log.query([1, "a", 0]), [1, null]);
  log.put("a", "two");
  assert.deepEqual(log.query([1, "a", 0]), [1, ["a", bytes("two"), 4, 4, 1, 0, 0]]);
});

test("a put answers with the previous entry only when asked", () => {
  const log = new LogOfOne();
  assert.deepEqual(log.put("a", "one"), [1, null]);
  assert.deepEqual(log.apply([1, "a", bytes("two"), 1, 0]), [1, ["a", bytes("one"), 2, 2, 1, 0, 0]]);
});

test("a put that keeps the value changes only the lifetime, and is refused for an absent key", () => {
  const log = new LogOfOne();
  assert.deepEqual(log.apply([1, "a", null, 4, 10]), [0, "KEY_ABSENT", "a", 0, 0]);
  log.put("a", "one");
  log.logTimeMs = 5;
  log.apply([1, "a", null, 4, 10]);
  assert.deepEqual(log.query([1, "a", 0]), [1, ["a", bytes("one"), 3, 4, 2, 0, 15]]);
});

test("a plain put takes session and expiry away, one that keeps the lifetime leaves them", () => {
  const log = new LogOfOne();
  log.apply([1, "a", bytes("1"), 2, 50]);
  log.apply([1, "a", bytes("2"), 8, 0]);
  assert.deepEqual(log.query([1, "a", 0]), [1, ["a", bytes("2"), 2, 3, 2, 1, 50]]);
  log.put("a", "3");
  assert.deepEqual(log.query([1, "a", 0]), [1, ["a", bytes("3"), 2, 4, 3, 0, 0]]);
  assert.equal(log.machine.dueMs?.(), Infinity);
});

test("a key or value over its limit is refused, and nothing is changed", () => {
  const log = new LogOfOne({ valueBytesMax: 4, keyBytesMax: 4 });
  const before = imageBytes(log.machine.image());
  assert.deepEqual(log.put("a", "12345"), [0, "TOO_LARGE", "a", 5, 4]);
  assert.deepEqual(log.put("äää", "1"), [0, "TOO_LARGE", "key", 6, 4]);
  assert.deepEqual(log.put("", "1"), [0, "TOO_LARGE", "key", 0, 4]);
  assert.deepEqual(log.apply([5, "a", bytes("12345")]), [0, "TOO_LARGE", "a", 5, 4]);
  assert.deepEqual(imageBytes(log.machine.image()), before);
});

test("a full store refuses what makes it larger, and still takes deletes and what makes it smaller", () => {
  const log = new LogOfOne({ storeBytesMax: 300 });
  assert.deepEqual(log.put("a", "x".repeat(100)), [1, null]);
  assert.deepEqual(log.put("b", "x"), [0, "STORE_FULL", "b", 361, 300]);
  assert.deepEqual(log.put("a", "y"), [1, null]);
  assert.deepEqual(log.put("b", "x"), [1, null]);
  assert.deepEqual(log.apply([2, [1, "a", ""], 0, 0]), [2, 1, [], false]);
});

test("compare-and-set goes by absence, by value and by revision, and tells what it found", () => {
  const log = new LogOfOne();
  assert.deepEqual(log.apply([3, "a", [1, bytes("x")], bytes("1"), 0, 0]), [3, false, null]);
  assert.deepEqual(log.apply([3, "a", [0], bytes("1"), 0, 0]), [3, true, null]);
  const first = ["a", bytes("1"), 3, 3, 1, 0, 0] as const;
  assert.deepEqual(log.apply([3, "a", [0], bytes("2"), 0, 0]), [3, false, first]);
  assert.deepEqual(log.apply([3, "a", [1, bytes("1")], bytes("2"), 0, 0]), [3, true, first]);
  const second = ["a", bytes("2"), 3, 5, 2, 0, 0] as const;
  assert.deepEqual(log.apply([3, "a", [2, 3], null, 0, 0]), [3, false, second]);
  assert.deepEqual(log.apply([3, "a", [2, 5], null, 0, 0]), [3, true, second]);
  assert.deepEqual(log.query([1, "a", 0]), [1, null]);
});

test("increment counts in plain decimal and refuses what is no number or leaves the safe integers", () => {
  const log = new LogOfOne();
  assert.deepEqual(log.apply([4, "n", -3]), [4, -3]);
  assert.deepEqual(log.apply([4, "n", 3]), [4, 0]);
  assert.deepEqual(log.query([1, "n", 0]), [1, ["n", bytes("0"), 2, 3, 2, 0, 0]]);
  assert.deepEqual(log.apply([4, "n", Number.MAX_SAFE_INTEGER]), [4, Number.MAX_SAFE_INTEGER]);
  assert.deepEqual(log.apply([4, "n", 1]), [0, "OUT_OF_RANGE", "n", 0, 0]);
  for (const text of ["", "1.5", "01", "-0", " 1", "0x1", "99999999999999999"]) {
    log.put("t", text);
    assert.deepEqual(log.apply([4, "t", 1]), [0, "NOT_A_NUMBER", "t", 0, 0], JSON.stringify(text));
  }
});

test("append puts bytes behind the value and keeps the lifetime", () => {
  const log = new LogOfOne();
  log.apply([1, "a", bytes("x"), 0, 9]);
  assert.deepEqual(log.apply([5, "a", bytes("yz")]), [5, 3]);
  assert.deepEqual(log.query([1, "a", 0]), [1, ["a", bytes("xyz"), 2, 3, 2, 0, 9]]);
});

test("keys expire at their log time in the order of time and key, at most so many a step", () => {
  const log = new LogOfOne({ expiriesMax: 2 });
  for (const [key, ttlMs] of [
    ["c", 10],
    ["b", 20],
    ["a", 10],
    ["d", 30],
  ] as const)
    log.apply([1, key, bytes(""), 0, ttlMs]);
  assert.equal(log.machine.dueMs?.(), 10);
  log.advanceTo(25);
  assert.deepEqual(log.query([2, [2, "", ""], "", 0, 32, 0]), [
    7,
    [
      ["b", null, 3, 3, 1, 0, 20],
      ["d", null, 5, 5, 1, 0, 30],
    ],
    2,
    "",
  ]);
  assert.equal(log.machine.dueMs?.(), 20, "what is left over is due at once");
  log.advanceTo(25);
  assert.equal(log.machine.dueMs?.(), 30);
});

test("the end of a session deletes its keys in one revision, and no others", () => {
  const log = new LogOfOne();
  log.apply([1, "b", bytes(""), 2, 0]);
  log.apply([1, "a", bytes(""), 2, 0]);
  log.put("c", "");
  log.apply([1, "d", bytes(""), 2, 0]);
  log.put("d", "no longer");
  const watcher = log.machine.watch?.([[2, "", ""], log.revision, 0], () => undefined);
  log.endSession(1);
  assert.deepEqual(watcher?.pull(1000)[0], [
    1,
    log.revision,
    [
      ["a", null, null, 2],
      ["b", null, null, 2],
    ],
    0,
    true,
  ]);
  assert.deepEqual(log.query([2, [2, "", ""], "", 0, 64, 0]), [7, [], 2, ""]);
});

test("an ephemeral key needs a session that lives, and a session may own only so many", () => {
  const log = new LogOfOne({ ephemeralKeysMax: 1 });
  assert.deepEqual(log.apply([1, "a", bytes(""), 2, 0], 0), [0, "NO_SESSION", "a", 0, 0]);
  assert.deepEqual(log.apply([1, "a", bytes(""), 2, 0], 7), [0, "NO_SESSION", "a", 7, 0]);
  log.apply([1, "a", bytes(""), 2, 0]);
  assert.deepEqual(log.apply([1, "b", bytes(""), 2, 0]), [0, "TOO_MANY", "ephemeral keys", 2, 1]);
  assert.deepEqual(log.apply([1, "a", bytes("again"), 2, 0]), [1, null]);
});

test("a command that throws changes nothing", () => {
  const log = new LogOfOne();
  log.put("a", "one");
  const before = imageBytes(log.machine.image());
  const broken = [6, [], [[1, "a", bytes("two"), 0, 0], [1, "b", bytes(""), 0, 0], null], []] as never;
  assert.throws(() => log.apply(broken), TypeError);
  assert.deepEqual(imageBytes(log.machine.image()), before);
  assert.equal(log.machine.dueMs?.(), Infinity);
});

test("an image of a newer version is refused in words", () => {
  const neighbours = new LogOfOne().neighbours();
  assert.throws(
    () => kvMachine().restore(neighbours, 2),
    (error) => error instanceof QuorateError && error.code === "LOG_NEWER" && /version 2/.test(error.message),
  );
});
