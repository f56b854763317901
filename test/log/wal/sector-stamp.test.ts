import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { segmentKey } from "../../../packages/log/src/wal/format.ts";
import {
  CONTENT_BYTES,
  fileOffset,
  SegmentContent,
  stamped,
  unusedSectors,
} from "../../../packages/log/src/wal/sector-stamp.ts";

const SECTOR_BYTES = 512;
const KEY = segmentKey("test", 7);
const BEFORE = segmentKey("test", 3);
const CONTENT = Uint8Array.from({ length: 3 * CONTENT_BYTES }, (_, index) => 1 + (index % 250));

function states(segment: SegmentContent): string[] {
  return Array.from({ length: segment.bytes.length / CONTENT_BYTES }, (_, sector) =>
    segment.sectors.at(segment.from + sector * CONTENT_BYTES),
  );
}

test("content comes back as it was stamped, wherever in the segment it stands", () => {
  fc.assert(
    fc.property(fc.nat(5), fc.nat(40_000), fc.integer({ min: 1, max: 2 ** 32 - 1 }), (sectors, first, number) => {
      const key = segmentKey("test", number);
      const content = CONTENT.slice(0, Math.min(3, sectors) * CONTENT_BYTES);
      const read = new SegmentContent(stamped(content, key, first * CONTENT_BYTES), key, first);
      assert.deepEqual(read.bytes, content);
      assert.equal(read.from, first * CONTENT_BYTES);
      assert.ok(states(read).every((state) => state === "written"));
      assert.deepEqual(read.stampsDamaged, []);
    }),
    { seed: 1 },
  );
});

test("content is counted without stamps: its places in the file skip the last 8 bytes of each sector", () => {
  assert.deepEqual([0, 503, 504, 1_007, 1_008].map(fileOffset), [0, 503, 512, 1_015, 1_024]);
});

test("what stands in a segment from before is old, and is read as zeros; so is what was never written", () => {
  for (const image of [stamped(CONTENT, BEFORE, 0), unusedSectors(KEY, 0, 3)]) {
    const read = new SegmentContent(image, KEY);
    assert.deepEqual(states(read), ["old", "old", "old"]);
    assert.ok(read.bytes.every((byte) => byte === 0));
  }
});

test("a sector that is torn anywhere is old, whatever was there and whatever should be", () => {
  for (const before of [
    stamped(CONTENT, BEFORE, 0),
    stamped(
      CONTENT.map(() => 0),
      BEFORE,
      0,
    ),
    unusedSectors(KEY, 0, 3),
  ]) {
    for (let reached = 0; reached < SECTOR_BYTES; reached += 16) {
      const image = before.slice();
      image.set(stamped(CONTENT, KEY, 0).subarray(0, reached));
      assert.equal(new SegmentContent(image, KEY).sectors.at(0), "old", `${reached} bytes`);
    }
  }
});

test("what was written elsewhere and landed here is strange: at another place, for a later segment, in another cluster", () => {
  const later = segmentKey("test", 8);
  for (const image of [
    stamped(CONTENT, KEY, 3 * CONTENT_BYTES),
    stamped(CONTENT, later, 0),
    stamped(CONTENT, segmentKey("other", 7), 0),
    new Uint8Array(3 * SECTOR_BYTES).fill(0xaa),
    new Uint8Array(3 * SECTOR_BYTES),
  ]) {
    assert.deepEqual(states(new SegmentContent(image, KEY)), ["strange", "strange", "strange"]);
  }
});

test("a stamp of which up to three bytes are damaged is known by the others, and is told", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(KEY, BEFORE),
      fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 255 }),
      (key, places, change) => {
        const image = stamped(CONTENT, key, 0);
        for (const place of places) image[SECTOR_BYTES + CONTENT_BYTES + place]! ^= change;
        const read = new SegmentContent(image, KEY);
        const state = key === KEY ? "written" : "old";
        assert.deepEqual(states(read), [state, state, state]);
        assert.deepEqual(read.stampsDamaged, [1]);
      },
    ),
    { seed: 2 },
  );
});
