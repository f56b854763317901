import assert from "node:assert/strict";
import { test } from "node:test";
import { codeEntry, codes, QuorateError, settlementError } from "@quorate/machine";

test("every code has a meaning and says what to do", () => {
  assert.equal(new Set(codes.map(({ code }) => code)).size, codes.length);
  for (const { code, meaning, action } of codes) {
    assert.match(code, /^[A-Z]+(_[A-Z]+)*$/);
    for (const words of [meaning, action]) assert.ok(words.length > 10 && !words.endsWith("."), `${code}: ${words}`);
    assert.deepEqual(codeEntry(code), { code, meaning, action });
  }
});

test("an error carries code, outcome, request and detail", () => {
  const cause = new Error("below");
  const error = new QuorateError("BURNT", "not-applied", "words", { slot: 3 }, { session: 1, number: 2 }, cause);
  assert.ok(error instanceof Error);
  assert.deepEqual(
    [error.name, error.code, error.outcome, error.message, error.detail, error.request, error.cause],
    ["QuorateError", "BURNT", "not-applied", "words", { slot: 3 }, { session: 1, number: 2 }, cause],
  );
});

const settlement = { bytes: new Uint8Array(0), revision: 0, logTimeMs: 0 };
const request = { session: 4, number: 5 };

test("a result is no error", () => {
  assert.equal(settlementError(request, { ...settlement, error: "" }), null);
});

test("only what the log burnt is called not applied; what may have been applied before is unknown", () => {
  const outcomes = (
    ["MACHINE_FAULT", "SESSION_ENDED", "RELEASED", "BURNT", "OVERLOADED", "UNKNOWN_MACHINE"] as const
  ).map((error) => settlementError(request, { ...settlement, error })!.outcome);
  assert.deepEqual(outcomes, ["applied", "unknown", "unknown", "not-applied", "not-applied", "not-applied"]);
});

test("a refused opening is unknown: its number cannot be burnt, and a copy of it may still open", () => {
  const error = settlementError({ session: 0, number: 9 }, { ...settlement, error: "OVERLOADED" })!;
  assert.equal(error.outcome, "unknown");
});

test("the words of a settlement stand in its error", () => {
  const error = settlementError(request, {
    ...settlement,
    error: "OVERLOADED",
    bytes: new TextEncoder().encode("too many"),
  })!;
  assert.match(error.message, /Request 5 of session 4: too many\. To do: /);
});
