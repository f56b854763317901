import { SECTOR_BYTES } from "../disk/sector.ts";
import { RECORD_HEADER_BYTES, SEAL_COPIES, UNIT_HEADER_BYTES } from "../wal/format.ts";
import { payloadOf, recordBytesOf } from "../wal/record-codec.ts";
import { CONTENT_BYTES, fileOffset, type SegmentContent } from "../wal/sector-stamp.ts";
import type { FoundUnit, UnitContent } from "../wal/unit-reader.ts";

/** Bytes of the header of a segment, at the beginning of its first sector; zeros follow. */
const SEGMENT_HEADER_BYTES = 32;

/**
 * Places in the file of stamps that are damaged, and where zeros should stand and do not: after the header of the segment, after each record, after each unit; and copies of a seal that are not like the
 * others. No record is hurt by such damage, and no checksum covers it; but whoever looks at a disk wants to know that it does not keep what it is given.
 */
export function* damagedFill(
  segment: SegmentContent,
  units: readonly { readonly unit: FoundUnit; readonly content: UnitContent }[],
): Generator<number> {
  for (const sector of segment.stampsDamaged) yield sector * SECTOR_BYTES + CONTENT_BYTES;
  for (const offset of damagedContent(segment.bytes, units)) yield fileOffset(offset);
}

function* damagedContent(
  segment: Uint8Array,
  units: readonly { readonly unit: FoundUnit; readonly content: UnitContent }[],
): Generator<number> {
  yield* notZero(segment, SEGMENT_HEADER_BYTES, CONTENT_BYTES);
  for (const { unit, content } of units) {
    const { offset, end, header } = unit;
    if (header.seal) {
      yield* unlikeCopies(segment, offset);
      continue;
    }
    for (const { offset: at, record } of content.found) {
      const { length } = payloadOf(record);
      yield* notZero(segment, at + RECORD_HEADER_BYTES + length, at + recordBytesOf(length));
    }
    yield* notZero(segment, offset + header.bytes, end);
  }
}

function* notZero(bytes: Uint8Array, from: number, end: number): Generator<number> {
  for (let at = from; at < end; at++) if (bytes[at] !== 0) yield at;
}

/** Every byte of a seal's sector whose fellows in most other copies differ from it. */
function* unlikeCopies(segment: Uint8Array, offset: number): Generator<number> {
  yield* notZero(segment, offset + SEAL_COPIES * UNIT_HEADER_BYTES, offset + CONTENT_BYTES);
  for (let place = 0; place < UNIT_HEADER_BYTES; place++) {
    const values = Array.from(
      { length: SEAL_COPIES },
      (_, copy) => segment[offset + copy * UNIT_HEADER_BYTES + place]!,
    );
    const usual = [...values].sort((one, other) => one - other)[Math.floor(SEAL_COPIES / 2)]!;
    for (const [copy, value] of values.entries()) if (value !== usual) yield offset + copy * UNIT_HEADER_BYTES + place;
  }
}
