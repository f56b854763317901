import assert from "node:assert/strict";
import { test } from "node:test";
import { CheckError, HistoryRecorder } from "@quorate/check";
import { partitionByKey, prefixOf } from "../../packages/check/src/history.ts";

test("calls and known ends are numbered as events, and an unknown end is none", () => {
  const recorder = new HistoryRecorder();
  recorder.invoke(0, "write", "", 1);
  recorder.invoke(1, "read", "", null);
  recorder.complete(0, "write", "", "unknown");
  recorder.complete(1, "read", "", "ok", 1);
  const { operations, events } = recorder.history();
  assert.equal(events, 3);
  assert.deepEqual(
    operations.map((each) => [each.outcome, each.invokedAt, each.returnedAt, each.result]),
    [
      ["unknown", 1, Infinity, null],
      ["ok", 2, 3, 1],
    ],
  );
});

test("a process may call again after an unknown end, and not while a call is under way", () => {
  const recorder = new HistoryRecorder();
  recorder.invoke(0, "write", "", 1);
  assert.throws(
    () => recorder.invoke(0, "read", "", null),
    isBadHistory(/process 0 calls read while its write of event 1/),
  );
  recorder.complete(0, "write", "", "unknown");
  recorder.invoke(0, "read", "", null);
  assert.equal(recorder.history().operations.length, 2);
});

test("an end without its call is refused", () => {
  const recorder = new HistoryRecorder();
  assert.throws(
    () => recorder.complete(3, "read", "", "ok"),
    isBadHistory(/process 3 ends a read that it never called/),
  );
  recorder.invoke(3, "put", "a", "x");
  assert.throws(() => recorder.complete(3, "put", "b", "ok"), isBadHistory(/expected the end of its put "a"/));
});

test("a prefix has the calls up to its end, and those under way are unknown", () => {
  const recorder = new HistoryRecorder();
  recorder.invoke(0, "put", "a", "x");
  recorder.invoke(1, "get", "a", null);
  recorder.complete(1, "get", "a", "ok", "x");
  recorder.complete(0, "put", "a", "not-applied");
  recorder.invoke(0, "get", "a", null);
  const { operations } = recorder.history();
  const prefix = prefixOf(operations, 3);
  assert.deepEqual(
    prefix.map((each) => [each.f, each.outcome, each.returnedAt]),
    [
      ["put", "unknown", Infinity],
      ["get", "ok", 3],
    ],
  );
});

test("operations are parted by key, in the order of the first calls", () => {
  const recorder = new HistoryRecorder();
  for (const [process, key] of ["b", "a", "b"].entries()) recorder.invoke(process, "get", key, null);
  const parts = partitionByKey(recorder.history().operations);
  assert.deepEqual(
    [...parts].map(([key, operations]) => [key, operations.map((each) => each.process)]),
    [
      ["b", [0, 2]],
      ["a", [1]],
    ],
  );
});

function isBadHistory(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof CheckError && error.code === "BAD_HISTORY" && message.test(error.message);
}
