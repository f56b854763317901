import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeCbor, SESSION_MACHINE, sessionCommands, sessionResults, type SettleResult } from "@quorate/machine";

test("the reserved name is part of the format of every log", () => {
  assert.equal(SESSION_MACHINE, "session");
});

test("commands are numeric tuples, as documented for other languages", () => {
  assert.deepEqual(sessionCommands.encodeOpen({ ttlMs: 5000 }), encodeCbor([1, 5000]));
  assert.deepEqual(sessionCommands.encodeRenew(), encodeCbor([2]));
  assert.deepEqual(sessionCommands.encodeClose(), encodeCbor([3]));
  assert.deepEqual(sessionCommands.encodeSettle(77), encodeCbor([4, 77]));
});

test("commands decode to what they say", () => {
  assert.deepEqual(sessionCommands.decode(sessionCommands.encodeOpen({ ttlMs: 1.5 })), { kind: "open", ttlMs: 1.5 });
  assert.deepEqual(sessionCommands.decode(sessionCommands.encodeRenew()), { kind: "renew" });
  assert.deepEqual(sessionCommands.decode(sessionCommands.encodeClose()), { kind: "close" });
  assert.deepEqual(sessionCommands.decode(sessionCommands.encodeSettle(7)), { kind: "settle", number: 7 });
});

test("anything else is refused", () => {
  const nonsense = [
    [],
    [0],
    [5],
    [1],
    [1, -1],
    [1, NaN],
    [1, Infinity],
    [1, "5"],
    [2, 0],
    [4, 0],
    [4, 1.5],
    null,
    { 0: 1 },
  ];
  for (const value of nonsense) assert.throws(() => sessionCommands.decode(encodeCbor(value)), TypeError);
  assert.throws(() => sessionCommands.decode(new Uint8Array(0)), TypeError);
});

test("an encoded command belongs to who asked for it", () => {
  sessionCommands.encodeRenew().fill(0);
  assert.deepEqual(sessionCommands.decode(sessionCommands.encodeRenew()), { kind: "renew" });
});

test("results come back as they were", () => {
  assert.deepEqual(sessionResults.decodeOpened(sessionResults.encodeOpened({ session: 9, ttlMs: 5000 })), {
    session: 9,
    ttlMs: 5000,
  });
  const renewed = { ttlMs: 5000, expiresAtLogTimeMs: 12_345.5 };
  assert.deepEqual(sessionResults.decodeRenewed(sessionResults.encodeRenewed(renewed)), renewed);
  assert.doesNotThrow(() => sessionResults.decodeClosed(sessionResults.encodeClosed()));
  assert.throws(() => sessionResults.decodeClosed(encodeCbor([1])), TypeError);
  const settlement = { error: "", bytes: Uint8Array.of(1), revision: 3, logTimeMs: 4.5 } as const;
  const settled: readonly SettleResult[] = [
    { outcome: "not-applied" },
    { outcome: "forgotten" },
    { outcome: "applied", settlement },
    { outcome: "applied", settlement: { ...settlement, error: "MACHINE_FAULT" } },
  ];
  for (const result of settled)
    assert.deepEqual(sessionResults.decodeSettled(sessionResults.encodeSettled(result)), result);
});
