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

test("an image tells what was there when it was taken, whatever happens to keys and history while it is encoded", () => {
  const log = new LogOfOne({ historyRevisionsMax: 8, compactionRevisionsMax: 3 });
  for (let index = 0; index < 40; index += 1) log.put(`key-${index % 20}`, `first ${index}`);
  log.apply([2, [1, "key-3", ""], 0, 0]);
  const whole = imageBytes(log.machine.image());
  const image = log.machine.image();
  const chunks: Uint8Array[] = [];
  for (let turn = 0; ; turn += 1) {
    const chunk = image.next(16);
    if (chunk === null) break;
    chunks.push(chunk);
    // Changes, deletes and makes keys, those made again among them, before the image has come to them and after.
    log.put(`key-${(turn * 7) % 20}`, `later ${turn}`);
    log.apply([2, [1, `key-${(turn * 3) % 20}`, ""], 0, 0]);
    log.put(`new-${turn}`, "new");
    if (turn === 5) log.machine.image();
  }
  assert.deepEqual(Buffer.concat(chunks), Buffer.from(whole));
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
