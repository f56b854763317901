import assert from "node:assert/strict";
import { test } from "node:test";
import { casRegister, check, HistoryRecorder, register, type Scalar } from "@quorate/check";
import fc from "fast-check";
import { prefixOf } from "../../packages/check/src/history.ts";
import { arbitraryHistory } from "./arbitrary-history.ts";
import { someOrderFits } from "./permutations.ts";

test("the first bad event is the end of the shortest prefix that no order fits", () => {
  const small = fc.constantFrom<Scalar>(1, 2);
  const calls = { read: fc.constant(null), write: small, cas: fc.tuple(small, small) };
  let bad = 0;
  fc.assert(
    fc.property(arbitraryHistory(calls, fc.constantFrom<Scalar>(null, 1, 2), 16), (history) => {
      let first = 0;
      for (let event = 1; event <= history.events && first === 0; event++) {
        if (!someOrderFits(prefixOf(history.operations, event), casRegister)) first = event;
      }
      if (first > 0) bad++;
      const result = check(history, casRegister);
      assert.equal(result.firstBadEvent, first);
      assert.equal(result.firstBadEventProven, first > 0);
    }),
    { seed: 20_260_103, numRuns: 600 },
  );
  assert.ok(bad > 100, `only ${bad} histories were bad`);
});

test("a call whose end is bad much later does not hide the event that is bad before", () => {
  for (let badRead = 0; badRead < 12; badRead++) {
    const recorder = new HistoryRecorder();
    recorder.invoke(1, "write", "", 5);
    for (let read = 0; read < 12; read++) {
      recorder.invoke(0, "read", "", null);
      recorder.complete(0, "read", "", "ok", read === badRead ? 6 : 5);
    }
    // All reads saw what was not applied: the whole history is stuck at its first read already.
    recorder.complete(1, "write", "", "not-applied");
    assert.equal(check(recorder.history(), register).firstBadEvent, 1 + 2 * (badRead + 1));
  }
});

test("over several keys the earliest bad event counts", () => {
  const recorder = new HistoryRecorder();
  for (const [process, key] of ["good", "late", "early"].entries()) recorder.invoke(10 + process, "write", key, 1);
  recorder.complete(11, "write", "late", "unknown");
  for (const [process, key] of [
    [0, "early"],
    [1, "late"],
    [2, "good"],
  ] as const) {
    recorder.invoke(process, "read", key, null);
    recorder.complete(process, "read", key, "ok", key === "good" ? 1 : 7);
  }
  const result = check(recorder.history(), register);
  assert.equal(result.firstBadEvent, 5);
  assert.equal(result.witness?.key, "early");
  assert.deepEqual(
    result.keys.map((each) => each.verdict),
    ["linearizable", "not-linearizable", "not-linearizable"],
  );
});

test("if the budget runs out on a key, the first bad event of the others is not proven", () => {
  const recorder = new HistoryRecorder();
  for (let process = 0; process < 20; process++) recorder.invoke(process, "write", "hard", process);
  for (let process = 0; process < 20; process++) recorder.complete(process, "write", "hard", "ok");
  for (const key of ["hard", "easy"]) {
    recorder.invoke(0, "read", key, null);
    recorder.complete(0, "read", key, "ok", 77);
  }
  const result = check(recorder.history(), register, { stepsMax: 10_000 });
  assert.equal(result.verdict, "not-linearizable");
  assert.equal(result.firstBadEvent, 44);
  assert.equal(result.firstBadEventProven, false);
});
