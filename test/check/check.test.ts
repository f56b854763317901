import assert from "node:assert/strict";
import { test } from "node:test";
import { check, CheckError, HistoryRecorder, kv, type Operation, register } from "@quorate/check";

test("a write of unknown outcome may have happened, at any later time", () => {
  assert.equal(
    verdictOf([
      ["read", 1],
      ["read", 2],
    ]),
    "linearizable",
  );
});

test("a write of unknown outcome may never have happened", () => {
  assert.equal(
    verdictOf([
      ["read", 1],
      ["read", 1],
    ]),
    "linearizable",
  );
});

test("a write of unknown outcome happens once", () => {
  assert.equal(
    verdictOf([
      ["read", 2],
      ["write", 1],
      ["read", 1],
      ["read", 2],
    ]),
    "not-linearizable",
  );
});

test("two writes of one value and unknown outcome may both happen, and no third", () => {
  const recorder = new HistoryRecorder();
  for (const process of [1, 2]) {
    recorder.invoke(process, "write", "", 2);
    recorder.complete(process, "write", "", "unknown");
  }
  const overwriteAndRead = (): string => {
    recorder.invoke(0, "write", "", 1);
    recorder.complete(0, "write", "", "ok");
    recorder.invoke(0, "read", "", null);
    recorder.complete(0, "read", "", "ok", 2);
    return check(recorder.history(), register).verdict;
  };
  assert.deepEqual(
    [overwriteAndRead(), overwriteAndRead(), overwriteAndRead()],
    ["linearizable", "linearizable", "not-linearizable"],
  );
});

test("a write that was not applied is never seen", () => {
  const recorder = new HistoryRecorder();
  recorder.invoke(0, "write", "", 1);
  recorder.complete(0, "write", "", "not-applied");
  recorder.invoke(1, "read", "", null);
  recorder.complete(1, "read", "", "ok", 1);
  const result = check(recorder.history(), register);
  assert.equal(result.verdict, "not-linearizable");
  assert.equal(result.firstBadEvent, 4);
});

test("an empty history is linearizable", () => {
  const result = check(new HistoryRecorder().history(), kv());
  assert.deepEqual(result, {
    verdict: "linearizable",
    firstBadEvent: 0,
    firstBadEventProven: false,
    witness: null,
    steps: 0,
    keys: [],
  });
});

test("a witness names the event, the order that fits, the state and what could not come next", () => {
  const recorder = new HistoryRecorder();
  recorder.invoke(0, "put", "k", "a", 1);
  recorder.complete(0, "put", "k", "ok", null, 2);
  recorder.invoke(1, "get", "k", null, 3);
  recorder.complete(1, "get", "k", "ok", null, 5);
  assert.deepEqual(check(recorder.history(), kv()).witness?.text.split("\n"), [
    `Not linearizable on key "k": no order of the operations up to event 4 (line 5) explains`,
    `  process 1: get "k" → null (events 3–4)`,
    `One of the longest orders that fit has 1 operations:`,
    `  1. process 0: put "k" "a" → ok (events 1–2)`,
    `It leaves the state "a", in which none of these may come next:`,
    `  process 1: get "k" → null (events 3–4)`,
  ]);
});

test("a history whose budget runs out is unknown", () => {
  const recorder = new HistoryRecorder();
  for (let process = 0; process < 20; process++) recorder.invoke(process, "write", "", process);
  for (let process = 0; process < 20; process++) recorder.complete(process, "write", "", "ok");
  recorder.invoke(0, "read", "", null);
  recorder.complete(0, "read", "", "ok", 77);
  const result = check(recorder.history(), register, { stepsMax: 1_000 });
  assert.equal(result.verdict, "unknown");
  assert.equal(result.witness, null);
  assert.ok(result.steps >= 1_000);
});

test("moments that are equal count as concurrent", () => {
  const write = operation("write", 1, null, 0, 5);
  assert.equal(
    check({ operations: [write, operation("read", null, null, 5, 6)], events: 4 }, register).verdict,
    "linearizable",
  );
  const later = operation("read", null, null, 5.5, 6);
  assert.equal(check({ operations: [write, later], events: 4 }, register).verdict, "not-linearizable");
});

test("an operation that the model does not know, or that returns before its call, is refused", () => {
  const judge = (each: Operation) => () => check({ operations: [each], events: 2 }, register);
  assert.throws(
    judge(operation("put", 1, null, 1, 2)),
    isError("BAD_MODEL", /model register knows read and write, not put/),
  );
  assert.throws(judge(operation("read", null, 1, 2, 1)), isError("BAD_HISTORY", /returns at 1, before its call at 2/));
  assert.throws(judge(operation("read", null, 1, 2, Infinity)), isError("BAD_HISTORY", /only an unknown outcome/));
  assert.throws(
    () => check({ operations: [], events: 0 }, register, { stepsMax: 0 }),
    isError("BAD_OPTION", /stepsMax is 0/),
  );
});

/** A write of 1 that returned, a write of 2 that did not, and what came after. */
function verdictOf(after: readonly (readonly ["read" | "write", number])[]): string {
  const recorder = new HistoryRecorder();
  recorder.invoke(0, "write", "", 1);
  recorder.complete(0, "write", "", "ok");
  recorder.invoke(1, "write", "", 2);
  recorder.complete(1, "write", "", "unknown");
  for (const [f, value] of after) {
    recorder.invoke(2, f, "", f === "read" ? null : value);
    recorder.complete(2, f, "", "ok", f === "read" ? value : null);
  }
  return check(recorder.history(), register).verdict;
}

function operation(
  f: string,
  argument: number | null,
  result: number | null,
  invokedAt: number,
  returnedAt: number,
): Operation {
  return {
    process: 0,
    f,
    key: "",
    argument,
    result,
    outcome: "ok",
    invokedAt,
    returnedAt,
    invokedLine: 0,
    returnedLine: 0,
  };
}

function isError(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof CheckError && error.code === code && message.test(error.message);
}
