import assert from "node:assert/strict";
import { test } from "node:test";
import { casRegister, HistoryRecorder, kv, type Model, mutex, register, type Scalar } from "@quorate/check";
import fc from "fast-check";
import { Search } from "../../packages/check/src/search.ts";
import { arbitraryHistory, type Calls } from "./arbitrary-history.ts";
import { someOrderFits } from "./permutations.ts";

const none = fc.constant(null);
const small = fc.constantFrom<Scalar>(1, 2);
const letter = fc.constantFrom("a", "b");
const word = fc.constantFrom<Scalar>(null, "a", "b", "ab");
const cases: readonly [Model, Calls, fc.Arbitrary<Scalar>][] = [
  [register, { read: none, write: small }, fc.constantFrom<Scalar>(null, 1, 2)],
  [casRegister, { read: none, write: small, cas: fc.tuple(small, small) }, fc.constantFrom<Scalar>(null, 1, 2)],
  [kv(), { get: none, put: letter, append: letter, delete: none, cas: fc.tuple(word, word) }, word],
  [mutex, { acquire: none, release: none }, none],
];

for (const [model, calls, results] of cases) {
  test(`the search of a ${model.name} finds an order exactly if trying all orders finds one`, () => {
    const seen = { linearizable: 0, "not-linearizable": 0, unknown: 0 };
    fc.assert(
      fc.property(arbitraryHistory(calls, results, 14), ({ operations }) => {
        const verdict = new Search(operations, model).run(1_000_000);
        seen[verdict]++;
        assert.equal(verdict, someOrderFits(operations, model) ? "linearizable" : "not-linearizable");
      }),
      { seed: 20_260_101, numRuns: 1_500 },
    );
    assert.ok(seen.linearizable > 100, `only ${seen.linearizable} histories could be put in order`);
    assert.ok(seen["not-linearizable"] > 100, `only ${seen["not-linearizable"]} histories could not`);
  });
}

test("a search run in slices comes to the verdict of one run, with the same steps", () => {
  const history = staleRead();
  const whole = new Search(history.operations, register);
  const sliced = new Search(history.operations, register);
  const verdict = whole.run(1_000_000);
  let slices = 1;
  while (sliced.run(1) === "unknown") slices++;
  assert.equal(sliced.run(1), verdict);
  assert.equal(sliced.steps, whole.steps);
  assert.ok(slices > 1);
});

test("a search without steps left is unknown, never linearizable", () => {
  const recorder = new HistoryRecorder();
  recorder.invoke(0, "write", "", 1);
  recorder.complete(0, "write", "", "ok");
  assert.equal(new Search(recorder.history().operations, register).run(0), "unknown");
});

test("a search that fails tells how far it came, and what could not come next", () => {
  const { operations } = staleRead();
  const search = new Search(operations, register);
  assert.equal(search.run(1_000), "not-linearizable");
  assert.deepEqual(search.furthest, { order: operations.slice(0, 2), state: 2, next: [operations[2]], returnedAt: 6 });
});

test("a long history of one key needs steps in proportion to its length", () => {
  const recorder = new HistoryRecorder();
  for (let i = 0; i < 3_000; i++) {
    for (let process = 0; process < 4; process++) recorder.invoke(process, "write", "", i * 4 + process);
    for (let process = 0; process < 4; process++) recorder.complete(process, "write", "", "ok");
    recorder.invoke(4, "read", "", null);
    recorder.complete(4, "read", "", "ok", i * 4 + (i % 4));
  }
  const search = new Search(recorder.history().operations, register);
  assert.equal(search.run(1_000_000), "linearizable");
  assert.ok(search.steps < 3_000 * 100, `${search.steps} steps`);
});

/** Two writes one after the other, then a read of the first. */
function staleRead() {
  const recorder = new HistoryRecorder();
  for (const value of [1, 2]) {
    recorder.invoke(0, "write", "", value);
    recorder.complete(0, "write", "", "ok");
  }
  recorder.invoke(0, "read", "", null);
  recorder.complete(0, "read", "", "ok", 1);
  return recorder.history();
}
