import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, imageBytes, LogOfOne } from "../log-of-one.ts";

const put = (key: string, value: string) => [1, key, bytes(value), 0, 0] as const;
const remove = (key: string) => [2, [1, key, ""], 0, 0] as const;

function holds(log: LogOfOne, ...compares: Parameters<typeof transaction>[0]): unknown {
  return log.apply(transaction(compares))[1];
}

function transaction(compares: Extract<Parameters<LogOfOne["apply"]>[0], { 0: 6 }>[1]) {
  return [6, compares, [], []] as const;
}

test("a key is compared by value, version, revisions and session", () => {
  const log = new LogOfOne();
  log.put("a", "m");
  log.apply([1, "a", bytes("m"), 2, 0]);
  const key = [1, "a", ""] as const;
  for (const [target, operand] of [
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 1],
  ] as const) {
    assert.equal(holds(log, [target, key, 1, operand]), true, `target ${target} =`);
    assert.equal(holds(log, [target, key, 2, operand]), false, `target ${target} !=`);
    assert.equal(holds(log, [target, key, 3, operand + 1]), true, `target ${target} <`);
    assert.equal(holds(log, [target, key, 3, operand]), false, `target ${target} <`);
    assert.equal(holds(log, [target, key, 4, operand - 1]), true, `target ${target} >`);
    assert.equal(holds(log, [target, key, 4, operand]), false, `target ${target} >`);
  }
  assert.equal(holds(log, [1, key, 1, bytes("m")]), true);
  assert.equal(holds(log, [1, key, 3, bytes("ma")]), true, "a prefix comes first");
  assert.equal(holds(log, [1, key, 4, bytes("l")]), true);
  assert.equal(holds(log, [1, key, 2, bytes("m")]), false);
});

test("an absent key has zeros, and no value", () => {
  const log = new LogOfOne();
  const key = [1, "a", ""] as const;
  for (const target of [2, 3, 4, 5] as const) assert.equal(holds(log, [target, key, 1, 0]), true);
  assert.deepEqual(
    [1, 2, 3, 4].map((operator) => holds(log, [1, key, operator, bytes("")])),
    [false, true, false, false],
  );
});

test("a comparison of a range holds when it holds for every key there is", () => {
  const log = new LogOfOne();
  assert.equal(holds(log, [1, [2, "a", ""], 1, bytes("x")]), true);
  log.put("a1", "x");
  log.put("a2", "x");
  log.put("b", "y");
  assert.equal(holds(log, [1, [2, "a", ""], 1, bytes("x")]), true);
  assert.equal(holds(log, [1, [3, "a", ""], 1, bytes("x")]), false);
});

test("locks and sessions are asked of the neighbours, and all comparisons must hold", () => {
  const log = new LogOfOne();
  log.heldLocks.set("l", 5);
  assert.equal(holds(log, [6, "l", 5], [7, 1]), true);
  assert.equal(holds(log, [6, "l", 4], [7, 1]), false);
  assert.equal(holds(log, [6, "l", 5], [7, 2]), false);
});

test("operations see those before them, and nested transactions choose by what they see", () => {
  const log = new LogOfOne();
  const nested = [6, [[2, [1, "a", ""], 4, 0]], [put("b", "made")], [put("b", "not made")]] as const;
  const result = log.apply([6, [], [nested, put("a", "1"), nested, [7, [2, "", ""], "", 0, 0]], []]);
  const chosen = (result[2] as unknown as readonly (readonly [number, boolean])[]).map((each) => each[1]);
  assert.deepEqual([chosen[0], chosen[2]], [false, true]);
  assert.deepEqual(log.query([1, "b", 0]), [1, ["b", bytes("made"), 2, 2, 1, 0, 0]]);
});

test("a key changed several times in one revision counts one version, and one made and deleted leaves no trace", () => {
  const log = new LogOfOne();
  log.put("a", "0");
  log.apply([6, [], [put("a", "1"), put("a", "2"), put("t", ""), remove("t")], []]);
  assert.deepEqual(log.query([1, "a", 0]), [1, ["a", bytes("2"), 2, 3, 2, 0, 0]]);
  const watcher = log.machine.watch?.([[2, "", ""], 2, 32], () => undefined);
  assert.deepEqual(watcher?.pull(1000)[0]?.[2], [["a", ["a", null, 2, 3, 2, 0, 0], null, 0]]);
  log.apply([6, [], [remove("a"), put("a", "new")], []]);
  assert.deepEqual(log.query([1, "a", 0]), [1, ["a", bytes("new"), 4, 4, 1, 0, 0]]);
});

test("a refusal anywhere takes the whole command back: keys, expiries, sessions", () => {
  const log = new LogOfOne();
  log.apply([1, "old", bytes("x"), 2, 5]);
  const before = imageBytes(log.machine.image());
  const result = log.apply([6, [], [remove("old"), [1, "new", bytes(""), 2, 1], [4, "new", 1]], []]);
  assert.deepEqual(result, [0, "NOT_A_NUMBER", "new", 0, 0]);
  assert.deepEqual(imageBytes(log.machine.image()), before);
  assert.equal(log.machine.dueMs?.(), 5);
  log.endSession(1);
  assert.deepEqual(log.query([1, "old", 0]), [1, null]);
});

test("operations, nesting and changed keys are bounded, and the bounds are named in the refusal", () => {
  const log = new LogOfOne({ operationsMax: 3, nestingMax: 1, changesMax: 2 });
  assert.deepEqual(log.apply([6, [[7, 1]], [remove("a"), remove("b")], []]), [0, "TOO_MANY", "operations", 4, 3]);
  assert.deepEqual(log.apply([6, [], [[6, [], [[6, [], [], []]], []]], []]), [
    0,
    "TOO_MANY",
    "nested transactions",
    2,
    1,
  ]);
  for (const key of ["a", "b", "c"]) log.put(key, "");
  assert.deepEqual(log.apply([2, [2, "", ""], 0, 0]), [0, "TOO_MANY", "changed keys", 3, 2]);
  assert.deepEqual(log.apply([2, [2, "", ""], 2, 0]), [2, 2, [], true]);
});
