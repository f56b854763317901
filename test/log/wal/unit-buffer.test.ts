import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { segmentKey } from "../../../packages/log/src/wal/format.ts";
import { type RecordToWrite, recordToWrite, type StoredRecord } from "../../../packages/log/src/wal/record-codec.ts";
import { CONTENT_BYTES, SegmentContent } from "../../../packages/log/src/wal/sector-stamp.ts";
import { UnitBuffer } from "../../../packages/log/src/wal/unit-buffer.ts";
import { findUnits, readUnit } from "../../../packages/log/src/wal/unit-reader.ts";
import { entry } from "./logs.ts";

const KEY = segmentKey("test", 5);
const RESTATED = { promised: 1_025, promisedLost: false, slotLast: 9 };

function vote(slot: number, bytes: number): StoredRecord {
  return { kind: "accepted", entry: entry(slot, 1_025, String.fromCharCode(97 + (slot % 26)).repeat(bytes)) };
}

function toWrite(record: StoredRecord): RecordToWrite {
  return recordToWrite(1, record, false, RESTATED);
}

test("what was laid out is read back from the sectors, each stamped, record by record, also from a buffer that was used before", () => {
  const buffer = new UnitBuffer((bytes) => new Uint8Array(bytes));
  const lengths = fc.array(fc.oneof(fc.nat(80), fc.nat(3_000), fc.constantFrom(503, 504, 505, 70_000)), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(lengths, fc.nat(40), (given, sector) => {
      const from = (1 + sector) * CONTENT_BYTES;
      buffer.begin(KEY, from, 1 << 24);
      const records = given.map((bytes, index) => vote(index + 1, bytes));
      const offsets = records.map((record) => buffer.add(toWrite(record)));
      const segment = new SegmentContent(buffer.finish(3, 1), KEY, 1 + sector);
      assert.deepEqual(segment.stampsDamaged, []);
      for (let at = from; at < segment.end; at += CONTENT_BYTES) assert.equal(segment.sectors.at(at), "written");
      const [unit, ...others] = findUnits(segment);
      assert.deepEqual([unit?.offset, unit?.end, unit?.header.unit, others.length], [from, segment.end, 3, 0]);
      const { found, damage } = readUnit(segment, unit!);
      assert.deepEqual(damage, []);
      assert.deepEqual(
        found.map(({ record, offset, restated }) => [record, offset, restated]),
        records.map((record, index) => [record, offsets[index], RESTATED]),
      );
      assert.ok(segment.bytes.subarray(unit!.header.bytes).every((byte) => byte === 0));
    }),
    { seed: 1, numRuns: 60 },
  );
});

test("a record for which there is no room is not added, and the unit is whole without it", () => {
  const buffer = new UnitBuffer((bytes) => new Uint8Array(bytes));
  buffer.begin(KEY, CONTENT_BYTES, 2 * CONTENT_BYTES);
  assert.ok(buffer.add(toWrite(vote(1, 500))) > 0);
  assert.equal(buffer.add(toWrite(vote(2, 400))), -1);
  const segment = new SegmentContent(buffer.finish(1, 1), KEY, 1);
  assert.equal(segment.bytes.length, 2 * CONTENT_BYTES);
  assert.equal(readUnit(segment, findUnits(segment)[0]!).found.length, 1);
});
