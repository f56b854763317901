import assert from "node:assert/strict";
import { test } from "node:test";
import { mutex, type OperationOutcome } from "@quorate/check";
import { type Step, verdictOf } from "./steps.ts";

const acquire = (process: number, outcome: OperationOutcome = "ok"): Step => [process, "acquire", null, outcome, null];
const release = (process: number, outcome: OperationOutcome = "ok"): Step => [process, "release", null, outcome, null];

test("a lock is held by one process at a time, and released by its holder", () => {
  assert.equal(verdictOf(mutex, [acquire(0), release(0), acquire(1)]), "linearizable");
  assert.equal(verdictOf(mutex, [acquire(0), acquire(1)]), "not-linearizable");
  assert.equal(verdictOf(mutex, [acquire(0), release(1)]), "not-linearizable");
});

test("a release of unknown outcome frees its own hold only", () => {
  assert.equal(verdictOf(mutex, [acquire(0), release(0, "unknown"), acquire(1)]), "linearizable");
  assert.equal(verdictOf(mutex, [acquire(0), release(2, "unknown"), acquire(1)]), "not-linearizable");
});

test("an acquire of unknown outcome may hold the lock for ever, or not", () => {
  assert.equal(verdictOf(mutex, [acquire(0, "unknown"), acquire(1), release(1)]), "linearizable");
  assert.equal(verdictOf(mutex, [acquire(0, "unknown"), release(0)]), "linearizable");
  assert.equal(verdictOf(mutex, [acquire(0, "unknown"), release(1)]), "not-linearizable");
});
