import { SECTOR_BYTES } from "../disk/sector.ts";
import { type SegmentKey, segmentKey, segmentOfName } from "./format.ts";
import type { FoundRecord } from "./record-codec.ts";
import { SegmentContent } from "./sector-stamp.ts";
import { FIRST_UNIT_OFFSET } from "./segment.ts";
import { writtenEnd } from "./torn-or-corrupt.ts";
import { findUnits, readUnit, salvage } from "./unit-reader.ts";

/** Records as they stand in a segment, for tools and tests that look at a disk from outside. */
export interface WrittenRecords {
  /** Of whole write units, in order. */
  readonly whole: readonly FoundRecord[];
  /** Whole records of units that are damaged: synced once, or what is left of a last unit that never arrived. */
  readonly damaged: readonly FoundRecord[];
}

/**
 * The key that {@link writtenRecords} reads a segment with; `null`: a file of this name is no segment.
 *
 * @param file - name or path.
 */
export function segmentKeyOf(cluster: string, file: string): SegmentKey | null {
  const number = segmentOfName(file.slice(file.lastIndexOf("/") + 1));
  return number === 0 ? null : segmentKey(cluster, number);
}

/**
 * All records that can be read in the bytes from `from` to `end` of a segment's image; without these, in the whole segment. Of a part, damage is not
 * looked into. `from` and `end` are multiples of 512.
 *
 * @param key - of {@link segmentKeyOf}.
 * @param image - the whole file.
 */
export function writtenRecords(
  key: SegmentKey,
  image: Uint8Array,
  from: number = 0,
  end: number = image.length,
): WrittenRecords {
  const segment = new SegmentContent(image.subarray(from, end), key, from / SECTOR_BYTES);
  const isAll = end === image.length;
  const whole: FoundRecord[] = [];
  const damaged: FoundRecord[] = [];
  let cursor = Math.max(segment.from, FIRST_UNIT_OFFSET);
  for (const unit of findUnits(segment)) {
    if (isAll && unit.offset > cursor) damaged.push(...salvage(segment, cursor, unit.offset).found);
    const { found, damage } = readUnit(segment, unit);
    (damage.length === 0 ? whole : damaged).push(...found);
    cursor = unit.end;
  }
  if (isAll) damaged.push(...salvage(segment, cursor, writtenEnd(segment.sectors, cursor)).found);
  return { whole, damaged };
}
