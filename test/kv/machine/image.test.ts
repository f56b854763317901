import assert from "node:assert/strict";
import { test } from "node:test";
import { QuorateError } from "@quorate/machine";
import { KV_VERSION, kvMachine } from "@quorate/kv";
import { bytes, imageBytes, LogOfOne } from "../log-of-one.ts";

function filled(): LogOfOne {
  const log = new LogOfOne();
  for (let index = 0; index < 50; index += 1) log.put(`key-${index % 20}`, "x".repeat(index));
  log.apply([1, "ttl", bytes("ü"), 2, 7]);
  return log;
}

test("a chunk is never longer than asked for, and the chunks join to the same bytes whatever their size", () => {
  const log = filled();
  const whole = imageBytes(log.machine.image());
  for (const bytesMax of [1, 7, 100, 1 << 20]) {
    const image = log.machine.image();
    for (let chunk = image.next(bytesMax); chunk !== null; chunk = image.next(bytesMax))
      assert.ok(chunk.length <= bytesMax);
    assert.deepEqual(imageBytes(log.machine.image(), bytesMax), whole);
  }
});

test("expiry and sessions work on in a restored machine", () => {
  const log = filled();
  const restored = log.restored(5);
  assert.equal(restored.dueMs?.(), 7);
  restored.sessionEnded?.(1, { revision: 100, logTimeMs: 1, session: 1 });
  assert.equal(restored.dueMs?.(), Infinity);
  assert.deepEqual(restored.query?.([1, "ttl", 0]), [1, null]);
});

test("an image that is cut off anywhere, or goes on behind its end, is refused", () => {
  const log = filled();
  const whole = imageBytes(log.machine.image());
  const restoreFrom = (image: Uint8Array): unknown => {
    const restore = kvMachine().restore(log.neighbours(), KV_VERSION);
    restore.push(image);
    return restore.end();
  };
  assert.ok(restoreFrom(whole) !== null);
  const isCorrupt = (error: unknown): boolean => error instanceof QuorateError && error.code === "LOG_CORRUPT";
  for (let length = 0; length < whole.length; length += 13) {
    assert.throws(() => restoreFrom(whole.subarray(0, length)), isCorrupt, `cut at ${length}`);
  }
  assert.throws(() => restoreFrom(Buffer.concat([whole, whole])), isCorrupt);
  assert.throws(() => restoreFrom(Buffer.concat([Buffer.from([9]), whole])), isCorrupt);
});

test("a released image gives nothing more", () => {
  const image = filled().machine.image();
  assert.ok(image.next(10) !== null);
  image.release();
  assert.equal(image.next(10), null);
});
