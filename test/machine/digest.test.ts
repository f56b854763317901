import assert from "node:assert/strict";
import { test } from "node:test";
import type { Settlement } from "@quorate/machine";
import { digestReply, digestStep } from "../../packages/machine/src/digest.ts";

const request = { session: 3, number: 4 };
const settlement: Settlement = { error: "", bytes: Uint8Array.of(1, 2), revision: 9, logTimeMs: 0 };

test("the digest differs with the session, the number, the revision, the error and every byte of the result", () => {
  const digests = [
    digestReply(0, request, settlement),
    digestReply(1, request, settlement),
    digestReply(0, { session: 4, number: 3 }, settlement),
    digestReply(0, { session: 3, number: 4 + 2 ** 40 }, settlement),
    digestReply(0, request, { ...settlement, revision: 10 }),
    digestReply(0, request, { ...settlement, error: "BURNT" }),
    digestReply(0, request, { ...settlement, bytes: Uint8Array.of(1, 3) }),
    digestReply(0, request, { ...settlement, bytes: Uint8Array.of(1, 2, 0) }),
    digestStep(0, 9),
  ];
  assert.equal(new Set(digests).size, digests.length);
  for (const digest of digests) assert.ok(Number.isInteger(digest) && digest >= 0 && digest < 2 ** 32);
});

test("the digest rolls: the order of two replies matters", () => {
  const other = { session: 3, number: 5 };
  const forwards = digestReply(digestReply(0, request, settlement), other, settlement);
  assert.notEqual(forwards, digestReply(digestReply(0, other, settlement), request, settlement));
});
