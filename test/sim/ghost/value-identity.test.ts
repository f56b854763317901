import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBatch } from "@quorate/machine";
import { valueIdentity } from "@quorate/sim";

const batch = (byte: number): Uint8Array =>
  encodeBatch(1, [{ request: { session: 1, number: 1 }, releasedTo: 0, machine: "kv", command: Uint8Array.of(byte) }]);

test("batches of different commands are told apart, and equal ones are not", () => {
  const seen = new Set(Array.from({ length: 256 }, (_, byte) => valueIdentity(batch(byte))));
  assert.equal(seen.size, 256);
  assert.equal(valueIdentity(batch(7)), valueIdentity(batch(7)));
});
