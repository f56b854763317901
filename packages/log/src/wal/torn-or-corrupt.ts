/**
 * Torn or corrupt: what a bad end of the log means. Everything that the answer rests on stands here.
 *
 * Crash assumptions
 * 1. A power loss leaves each 512-byte sector of an unsynced write as it was, as it should be, or torn: new up to some multiple of
 *    16 bytes, old after it. Sectors are kept, lost and torn independently of each other and of their order.
 * 2. What a sync covered stays. If it does not, the disk has lied or rotted: that is corruption, never a torn write.
 * 3. Each sector ends with a stamp of the segment that it was last written for (sector-stamp.ts). Before its first use under its present number, a segment
 *    has only sectors with older stamps.
 * 4. A unit is begun only after the unit before it was synced, and no two units share a sector. Unit numbers grow by one.
 *
 * Hence
 * - A unit that any later one follows was synced. If it is bad, acknowledged records may be in it: corrupt.
 * - A bad last unit of which some sector has an older stamp did not arrive whole. Its sync had not returned (2), so nothing in it
 *   was acknowledged: torn, and cut. The area gets older stamps again before the log goes on, so that the next answer rests on 3 again.
 * - A bad last unit without any older stamp arrived whole and was damaged afterwards: corrupt. (A tear always leaves 16 bytes or more.)
 *
 * Not to be told apart: a last unit that was synced and of which the disk lost a whole write looks like a torn one. The seal, which an
 * idle log appends, makes that time short; peers notice a node that comes back with a lower unit number (rule 14).
 */
import { alignUp } from "./format.ts";
import { CONTENT_BYTES, type SegmentContent } from "./sector-stamp.ts";

/** `clean`: nothing was written there. `torn`: cut it. `corrupt`: it may have been acknowledged. */
export type EndState = "clean" | "torn" | "corrupt";

/**
 * What the end of a segment's written part is.
 *
 * @param segment - the whole segment.
 * @param from - where the next unit would begin, or where the bad last unit begins.
 * @param unitBytes - length of the bad unit, if its header is whole; 0 if it is not.
 */
export function tornOrCorrupt(segment: SegmentContent, from: number, unitBytes: number): EndState {
  if (unitBytes === 0) {
    if (writtenEnd(segment, from) === from) return "clean";
    return segment.stateAt(from) === "old" ? "torn" : "corrupt";
  }
  const end = from + alignUp(unitBytes, CONTENT_BYTES);
  if (writtenEnd(segment, end) !== end) return "corrupt"; // a later unit was begun, so this one was synced
  for (let offset = from; offset < end; offset += CONTENT_BYTES) {
    if (segment.stateAt(offset) === "old") return "torn";
  }
  return "corrupt";
}

/** The end of the last sector from `from` to `end` that something was written to; `from` if there is none. */
export function writtenEnd(segment: SegmentContent, from: number, end: number = segment.end): number {
  for (let offset = end - CONTENT_BYTES; offset >= from; offset -= CONTENT_BYTES) {
    if (segment.stateAt(offset) !== "old") return offset + CONTENT_BYTES;
  }
  return from;
}
