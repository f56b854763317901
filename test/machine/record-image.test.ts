import assert from "node:assert/strict";
import { test } from "node:test";
import { QuorateError, recordImage, recordRestore } from "@quorate/machine";
import fc from "fast-check";
import { imageBytes } from "./log-of-machines.ts";

const records = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });

function restoreOf(whole: Uint8Array, cut: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  const restore = recordRestore(
    (bytes) => void found.push(bytes),
    () => found,
  );
  const pushed = new Uint8Array(cut);
  for (let position = 0; position < whole.length; position += cut) {
    const part = whole.subarray(position, position + cut);
    pushed.set(part);
    restore.push(pushed.subarray(0, part.length));
    pushed.fill(0xee);
  }
  return restore.end();
}

test("records come back whole, however the image is cut on either way, and keep nothing of the chunks", () => {
  fc.assert(
    fc.property(records, fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 70 }), (given, bytesMax, cut) => {
      const whole = imageBytes(recordImage(given.values()), bytesMax);
      assert.deepEqual(restoreOf(whole, cut), given);
      assert.deepEqual(
        whole,
        imageBytes(recordImage(given.values()), 4096),
        "the bytes do not depend on the size of chunks",
      );
    }),
    { seed: 1 },
  );
});

test("every chunk but the last is as long as asked for", () => {
  const image = recordImage([new Uint8Array(10), new Uint8Array(10)].values());
  const lengths: number[] = [];
  for (let chunk = image.next(9); chunk !== null; chunk = image.next(9)) lengths.push(chunk.length);
  assert.deepEqual(lengths, [9, 9, 9, 1]);
});

test("an image that ends inside a record, or claims an absurd one, is refused", () => {
  const whole = imageBytes(recordImage([new Uint8Array(10)].values()));
  const corrupt = (error: unknown): boolean => error instanceof QuorateError && error.code === "LOG_CORRUPT";
  for (const length of [1, 4, 13]) assert.throws(() => restoreOf(whole.subarray(0, length), 5), corrupt);
  assert.throws(() => restoreOf(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1), 5), corrupt);
});

test("release runs once, at the end or before, and ends the image", () => {
  let released = 0;
  const image = recordImage([new Uint8Array(10)].values(), () => released++);
  assert.equal(image.next(5)?.length, 5);
  image.release();
  image.release();
  assert.equal(image.next(5), null);
  imageBytes(recordImage([].values(), () => released++));
  assert.equal(released, 2);
});
