import assert from "node:assert/strict";
import { test } from "node:test";
import { CheckError, HistoryRecorder, register } from "@quorate/check";
import { Budget, runInTurns } from "../../packages/check/src/budget.ts";
import { Search } from "../../packages/check/src/search.ts";

/** A search that no few steps decide: concurrent writes, and a read of what nobody wrote. */
function hardSearch(writes: number): Search {
  const recorder = new HistoryRecorder();
  for (let process = 0; process < writes; process++) recorder.invoke(process, "write", "", process);
  for (let process = 0; process < writes; process++) recorder.complete(process, "write", "", "ok");
  recorder.invoke(0, "read", "", null);
  recorder.complete(0, "read", "", "ok", "nobody wrote this");
  return new Search(recorder.history().operations, register);
}

test("a hard key does not keep easy ones from their verdict, and stays unknown when the budget is used up", () => {
  const budget = new Budget(20_000);
  const verdicts = runInTurns([hardSearch(20), hardSearch(2), hardSearch(20)], budget);
  assert.deepEqual(verdicts, ["unknown", "not-linearizable", "unknown"]);
  assert.ok(budget.exhausted);
  assert.ok(budget.steps < 20_100, `${budget.steps} steps`);
});

test("with more budget the hard key is decided", () => {
  assert.deepEqual(runInTurns([hardSearch(10)], new Budget(1_000_000)), ["not-linearizable"]);
});

test("a budget that is used up lets no search go on", () => {
  const budget = new Budget(5);
  budget.spend(hardSearch(10));
  const search = hardSearch(2);
  const before = search.steps;
  assert.equal(budget.spend(search), "unknown");
  assert.equal(search.steps, before);
});

test("a budget that is no whole number of 1 or more is refused", () => {
  for (const stepsMax of [0, -1, 1.5, Number.NaN, Infinity]) {
    assert.throws(
      () => new Budget(stepsMax),
      (error) => error instanceof CheckError && error.code === "BAD_OPTION",
    );
  }
});
