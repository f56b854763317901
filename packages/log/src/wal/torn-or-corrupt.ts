/**
 * Torn or corrupt: what a bad end of the log means. Everything that the answer rests on stands here.
 *
 * Crash assumptions
 * 1. A power loss leaves each 512-byte sector of an unsynced write as it was, as it should be, or torn: new up to some multiple of
 *    16 bytes, old after it. Sectors are kept, lost and torn independently of each other and of their order.
 * 2. What a sync covered stays. If it does not, the disk has lied or rotted: that is corruption, never a torn write.
 * 3. Each sector ends with a stamp of the segment and the place that it was last written for (sector-stamp.ts). Before its first use under its present
 *    number, a segment has only sectors with older stamps.
 * 4. A unit is begun only after the unit before it was synced, and no two units share a sector. Unit numbers grow by one.
 * 5. A unit goes to another segment only where the room that is left in the one before is too small for it.
 *
 * Hence
 * - A unit that any later one follows was synced. If it is bad, acknowledged records may be in it: corrupt.
 * - A bad last unit of which some sector has an older stamp did not arrive whole. Its sync had not returned (2), so nothing in it
 *   was acknowledged: torn, and cut. The area gets older stamps again before the log goes on, so that the next answer rests on 3 again.
 * - A bad last unit without any older stamp arrived whole and was damaged afterwards: corrupt. (A tear always leaves 16 bytes or more.)
 * - A tear leaves no stamp of another place. A sector that bears one was put there by a disk that misdirects. Where its own place is at the end of the log or
 *   behind it (*missed*), a unit that was written there is not there, and whatever followed it may lie under the strays: corrupt, whatever else is found.
 * - A stray whose own place is further up says nothing of the end: what was meant for it is there, or is missed by its number. It can lie on units only from
 *   where the end is (then the first sector there is not old) or, in a later segment, from its beginning and for longer than the room that was left (5).
 *   Anywhere else it lies on nothing. What was meant for a segment that was let go came with a file that is used again, and is old.
 *
 * Not to be told apart: a last unit that was synced and of which the disk lost a whole write looks like a torn one. The seal, which an
 * idle log appends, makes that time short; peers notice a node that comes back with a lower unit number (rule 14).
 */
import { CONTENT_BYTES, type SectorStates } from "./sector-stamp.ts";
import { isAt, isBefore, type LogPlace, type StraySectors } from "./stray-sectors.ts";
import type { FoundUnit } from "./unit-reader.ts";

/** `clean`: nothing was written there. `torn`: cut it. `corrupt`: it may have been acknowledged. */
export type EndState = "clean" | "torn" | "corrupt";

/** What stands in one segment behind the last unit whose header is whole. */
export interface LogTail {
  readonly segment: number;
  /** Where the next unit would begin. */
  readonly from: number;
  /** Of the whole segment. */
  readonly sectors: SectorStates;
}

/** What that means, in all of them together. */
export interface LogEnd {
  readonly state: EndState;
  /** If it is corrupt: no more units than this can have been there. */
  readonly unitsMax: number;
  /**
   * If it is corrupt: behind all that was written there, or was meant to be. Nothing up to here is touched, so it still says the same if the power goes
   * before the loss is stated.
   */
  readonly goesOn: LogPlace;
  /** All that was written there stands in the first of them. */
  readonly inPlace: boolean;
}

/**
 * What the end of the log is.
 *
 * @param tails - of the segment with the last unit whose header is whole, and of all later ones; of all where there is no such unit. One at least.
 */
export function endOf(tails: readonly LogTail[], strays: StraySectors): LogEnd {
  const [first] = tails as readonly [LogTail];
  const begin: LogPlace = { segment: first.segment, offset: first.from };
  const missed = strays.meantFrom(begin);
  let state: EndState = missed.length > 0 ? "corrupt" : "clean";
  let goesOn = begin;
  for (const { meant } of missed) goesOn = further(goesOn, meant.segment, meant.offset + CONTENT_BYTES);
  // No unit is shorter than a sector. Each that is missed is one that is not where it was meant to be, and may lie on another.
  let unitsMax = 2 * missed.length;
  for (const tail of tails) {
    const { segment, from, sectors } = tail;
    const end = writtenEnd(sectors, from);
    if (end === from) continue;
    if (state !== "corrupt") state = wasBegun(tail, end, first, strays) ? "corrupt" : "torn";
    goesOn = further(goesOn, segment, end);
    unitsMax += placesOf(segment, from, end).filter(
      (place) => sectors.at(place.offset) !== "old" && !missed.some((stray) => isAt(stray, place)),
    ).length;
  }
  return { state, unitsMax, goesOn, inPlace: missed.length === 0 && goesOn.segment === first.segment };
}

/**
 * Whether the last unit whose header is whole, and which is bad, did not arrive whole.
 *
 * @param tails - as for {@link endOf}.
 */
export function isTorn(unit: FoundUnit, tails: readonly LogTail[], strays: StraySectors): boolean {
  if (strays.meantFrom(unit).length > 0) return false;
  for (const { segment, from, sectors } of tails) {
    // A later unit was begun, so this one was synced.
    const isLater = (place: LogPlace): boolean =>
      sectors.at(place.offset) !== "old" && !strays.isMeantBefore(place, unit);
    if (placesOf(segment, from, sectors.end).some(isLater)) return false;
  }
  const { sectors } = tails[0]!;
  return placesOf(unit.segment, unit.offset, unit.end).some(({ offset }) => sectors.at(offset) === "old");
}

/** The end of the last sector from `from` to `end` that something was written to; `from` if there is none. */
export function writtenEnd(sectors: SectorStates, from: number, end: number = sectors.end): number {
  for (let offset = end - CONTENT_BYTES; offset >= from; offset -= CONTENT_BYTES) {
    if (sectors.at(offset) !== "old") return offset + CONTENT_BYTES;
  }
  return from;
}

/** Something stands in this tail, up to `end`: whether a unit may have arrived there, or part of one and all of the unit before it. */
function wasBegun(tail: LogTail, end: number, first: LogTail, strays: StraySectors): boolean {
  const { segment, from, sectors } = tail;
  if (sectors.at(from) === "old" || strays.isFromBefore({ segment, offset: from })) return false;
  if (tail === first || end - from > first.sectors.end - first.from) return true;
  return placesOf(segment, from, end).some(({ offset }) => sectors.at(offset) === "written");
}

function further(place: LogPlace, segment: number, offset: number): LogPlace {
  const other: LogPlace = { segment, offset };
  return isBefore(place, other) ? other : place;
}

function placesOf(segment: number, from: number, end: number): readonly LogPlace[] {
  return Array.from({ length: (end - from) / CONTENT_BYTES }, (_, sector) => ({
    segment,
    offset: from + sector * CONTENT_BYTES,
  }));
}
