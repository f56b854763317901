import assert from "node:assert/strict";
import { test } from "node:test";
import { check, HistoryRecorder, kv, type Value } from "@quorate/check";
import { type Step, verdictOf } from "./steps.ts";

const put = (value: Value): Step => [0, "put", value, "ok", null];
const get = (value: Value): Step => [0, "get", null, "ok", value];

test("a key holds what was put, then appended, until it is deleted", () => {
  const steps: Step[] = [
    get(null),
    put("a"),
    [0, "append", "b", "ok", null],
    get("ab"),
    [0, "delete", null, "ok", null],
    get(null),
  ];
  assert.equal(verdictOf(kv(), steps), "linearizable");
  assert.equal(verdictOf(kv(), [put("a"), [0, "append", "b", "ok", null], get("ba")]), "not-linearizable");
});

test("an append to an absent key begins with the empty string", () => {
  assert.equal(verdictOf(kv(), [[0, "append", "b", "ok", null], get("b")]), "linearizable");
});

test("absent is told from empty, unless the store does not", () => {
  assert.equal(verdictOf(kv(), [get("")]), "not-linearizable");
  assert.equal(verdictOf(kv(""), [get("")]), "linearizable");
});

test("a delete that tells whether the key was there must be right", () => {
  assert.equal(
    verdictOf(kv(), [put("a"), [0, "delete", null, "ok", true], [0, "delete", null, "ok", false]]),
    "linearizable",
  );
  assert.equal(verdictOf(kv(), [put("a"), [0, "delete", null, "ok", false]]), "not-linearizable");
});

test("a compare-and-set of an absent key compares with null", () => {
  assert.equal(verdictOf(kv(), [[0, "cas", [null, "a"], "ok", null], get("a")]), "linearizable");
  assert.equal(verdictOf(kv(), [put("b"), [0, "cas", [null, "a"], "ok", null]]), "not-linearizable");
});

test("keys are apart from each other", () => {
  const recorder = new HistoryRecorder();
  recorder.invoke(0, "put", "a", "x");
  recorder.complete(0, "put", "a", "ok");
  recorder.invoke(0, "get", "b", null);
  recorder.complete(0, "get", "b", "ok", null);
  assert.equal(check(recorder.history(), kv()).verdict, "linearizable");
});
