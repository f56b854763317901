import assert from "node:assert/strict";
import { test } from "node:test";
import type { Settlement } from "@quorate/machine";
import { SETTLEMENT_BYTES } from "../../../packages/machine/src/session/limits.ts";
import { SessionRequests } from "../../../packages/machine/src/session/requests.ts";

function settlement(length: number): Settlement {
  return { error: "", bytes: new Uint8Array(length), revision: 1, logTimeMs: 0 };
}

test("numbers are settled in any order, and found again", () => {
  const requests = new SessionRequests();
  for (const number of [7, 2, 900]) requests.keep(number, settlement(number));
  assert.equal(requests.find(2)?.bytes.length, 2);
  assert.equal(requests.find(3), undefined);
  assert.deepEqual(
    requests.sorted().map(([number]) => number),
    [2, 7, 900],
  );
});

test("a number is settled once: a second settlement, or one of a released number, is a fault of this program", () => {
  const requests = new SessionRequests();
  requests.keep(5, settlement(0));
  assert.throws(() => requests.keep(5, settlement(0)), /request 5 would be settled twice/);
  requests.release(4);
  assert.throws(() => requests.keep(4, settlement(0)), /request 4 would be settled twice/);
});

test("a release forgets everything up to it, near or far, and never goes back", () => {
  const requests = new SessionRequests();
  for (const number of [1, 2, 3, 10, 1_000_000]) requests.keep(number, settlement(10));
  requests.release(2);
  assert.deepEqual([requests.count, requests.bytesKept, requests.releasedTo], [3, 3 * (10 + SETTLEMENT_BYTES), 2]);
  requests.release(1);
  assert.equal(requests.releasedTo, 2);
  requests.release(999_999);
  assert.deepEqual([requests.count, requests.bytesKept], [1, 10 + SETTLEMENT_BYTES]);
  requests.release(Number.MAX_SAFE_INTEGER);
  assert.deepEqual([requests.count, requests.bytesKept], [0, 0]);
});

test("a copy goes its own way", () => {
  const requests = new SessionRequests();
  requests.keep(1, settlement(1));
  const copy = requests.copy();
  requests.keep(2, settlement(1));
  copy.release(1);
  assert.deepEqual([requests.count, copy.count, requests.releasedTo, copy.releasedTo], [2, 0, 0, 1]);
});
