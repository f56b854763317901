/**
 * Torn or corrupt: what a bad end of the log means. Everything that the answer rests on stands here.
 *
 * Crash assumptions
 * 1. A power loss leaves each 512-byte sector of an unsynced write as it was, as it should be, or torn: new up to some multiple of
 *    16 bytes, old after it. Sectors are kept, lost and torn independently of each other and of their order.
 * 2. What a sync covered stays. If it does not, the disk has lied or rotted: that is corruption, never a torn write.
 * 3. Segments are made whole before their first use: each 16-byte block of a segment holds the pre-fill until a unit is written there,
 *    and no payload equals the pre-fill of its own place by chance.
 * 4. A unit is begun only after the unit before it was synced, and no two units share a sector. Unit numbers grow by one.
 *
 * Hence
 * - A unit that any later one follows was synced. If it is bad, acknowledged records may be in it: corrupt.
 * - A bad last unit of which some sector still holds pre-fill did not arrive whole. Its sync had not returned (2), so nothing in it
 *   was acknowledged: torn, and cut. The area is filled again before the log goes on, so that the next answer rests on 3 again.
 * - A bad last unit without any pre-fill arrived whole and was damaged afterwards: corrupt. (A tear always leaves 16 bytes or more.)
 *
 * Not to be told apart: a last unit that was synced and of which the disk lost a whole write looks like a torn one. The seal, which an
 * idle log appends, makes that time short; peers notice a node that comes back with a lower unit number (rule 14).
 */
import { alignUp, type SegmentKey } from "./format.ts";
import { SECTOR_BYTES } from "../disk/sector.ts";
import { holdsPrefill, isPrefill } from "./prefill.ts";

/** `clean`: nothing was written there. `torn`: cut it. `corrupt`: it may have been acknowledged. */
export type EndState = "clean" | "torn" | "corrupt";

/**
 * What the end of a segment's written part is.
 *
 * @param segment - all bytes of the segment.
 * @param from - where the next unit would begin, or where the bad last unit begins.
 * @param unitBytes - length of the bad unit, if its header is whole; 0 if it is not.
 */
export function tornOrCorrupt(segment: Uint8Array, key: SegmentKey, from: number, unitBytes: number): EndState {
  if (unitBytes === 0) {
    if (writtenEnd(segment, key, from) === from) return "clean";
    return holdsPrefill(segment, key, from) ? "torn" : "corrupt";
  }
  const end = from + alignUp(unitBytes, SECTOR_BYTES);
  if (writtenEnd(segment, key, end) !== end) return "corrupt"; // a later unit was begun, so this one was synced
  for (let offset = from; offset < end; offset += SECTOR_BYTES) {
    if (holdsPrefill(segment, key, offset)) return "torn";
  }
  return "corrupt";
}

/** The end of the last sector from `from` to `end` that is not pure pre-fill; `from` if there is none. */
export function writtenEnd(segment: Uint8Array, key: SegmentKey, from: number, end: number = segment.length): number {
  for (let offset = end - SECTOR_BYTES; offset >= from; offset -= SECTOR_BYTES) {
    if (!isPrefill(segment, key, offset)) return offset + SECTOR_BYTES;
  }
  return from;
}
