import assert from "node:assert/strict";
import { test } from "node:test";
import { register } from "@quorate/check";
import { verdictOf } from "./steps.ts";

test("a register reads what was written last, and null before", () => {
  assert.equal(
    verdictOf(register, [
      [0, "read", null, "ok", null],
      [0, "write", 1, "ok", null],
      [0, "read", null, "ok", 1],
    ]),
    "linearizable",
  );
  assert.equal(verdictOf(register, [[0, "read", null, "ok", 1]]), "not-linearizable");
  assert.equal(
    verdictOf(register, [
      [0, "write", 1, "ok", null],
      [0, "read", null, "ok", "1"],
    ]),
    "not-linearizable",
  );
});

test("a read or write that failed had no effect and saw nothing", () => {
  assert.equal(
    verdictOf(register, [
      [0, "write", 1, "fail", null],
      [0, "read", null, "fail", null],
      [0, "read", null, "ok", null],
    ]),
    "linearizable",
  );
  assert.equal(
    verdictOf(register, [
      [0, "write", 1, "fail", null],
      [0, "read", null, "ok", 1],
    ]),
    "not-linearizable",
  );
});
