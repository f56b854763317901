import { segmentKey, segmentOfName } from "./format.ts";
import type { FoundRecord } from "./record-codec.ts";
import { findUnits, readUnit } from "./unit-reader.ts";

/**
 * The records of all whole write units that begin in the bytes from `from` to `end` of a segment's image, in order: for tools and tests that look
 * at a disk from outside. A unit with any damage tells nothing, and neither does a file that is no segment.
 *
 * @param file - name or path of the segment's file.
 * @param image - the whole file.
 */
export function writtenRecords(
  cluster: string,
  file: string,
  image: Uint8Array,
  from: number = 0,
  end: number = image.length,
): readonly FoundRecord[] {
  const number = segmentOfName(file.slice(file.lastIndexOf("/") + 1));
  if (number === 0) return [];
  const key = segmentKey(cluster, number);
  const found: FoundRecord[] = [];
  for (const unit of findUnits(image, key, from, end)) {
    const content = readUnit(image, key, unit);
    if (content.damage.length === 0) found.push(...content.found);
  }
  return found;
}
