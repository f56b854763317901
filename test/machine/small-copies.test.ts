import assert from "node:assert/strict";
import { test } from "node:test";
import { copyOf } from "../../packages/machine/src/small-copies.ts";

const LENGTHS = [0, 1, 64, 65, 100, 511, 512, 513, 5000];

test("a copy holds what was there, and neither its source nor another copy changes it", () => {
  const source = Uint8Array.from({ length: 6000 }, (_, index) => index);
  const copies = [...LENGTHS, ...LENGTHS, ...LENGTHS].map((length, index) => copyOf(source, index, index + length));
  const expected = copies.map((copy, index) => source.slice(index, index + copy.length));
  source.fill(0);
  assert.deepEqual(copies, expected);
  for (const [index, copy] of copies.entries()) {
    copy.fill(255);
    assert.deepEqual(copies.slice(index + 1), expected.slice(index + 1));
  }
});

test("a copy keeps no more than 2 KiB in memory beside itself, and never its source", () => {
  const source = new Uint8Array(1 << 20);
  for (const length of LENGTHS) {
    const { buffer } = copyOf(source, 0, length);
    assert.notEqual(buffer, source.buffer);
    assert.ok(buffer.byteLength <= Math.max(length, 2048));
  }
});
