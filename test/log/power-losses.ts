import type { Decide, MemoryDisk, Pending } from "@quorate/log";

/** So many ways for a power loss to go are all tried: one sector in each of its 33 states, or a name or two. Where there are more they are sampled. */
const WAYS_MAX = 40;

const SECTOR_BYTES = 512;
const TEAR_BYTES = 16;
/** What may be left of an unsynced sector: all 33 beginnings of it that the model allows. */
const BEGINNINGS: readonly number[] = Array.from(
  { length: SECTOR_BYTES / TEAR_BYTES + 1 },
  (_, index) => index * TEAR_BYTES,
);
/** Of those, the ones that are tried in every combination while the combinations are few: nothing, the least, a half, all but the least, all. */
const MARKED: readonly number[] = [0, TEAR_BYTES, SECTOR_BYTES / 2, SECTOR_BYTES - TEAR_BYTES, SECTOR_BYTES];
const NAME: readonly number[] = [0, SECTOR_BYTES];

/** A number in 0 … 2^32 − 1 that depends on every one of `parts`. */
export function keyed(...parts: readonly (number | string)[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    for (const char of String(part)) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  }
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * The ways for a power loss to go at this moment of a disk: for every unsynced sector any of its beginnings reached the disk, for every name that is being
 * changed the old or the new one. All of them if there are at most `WAYS_MAX`; else every combination of the marked beginnings, if those are few enough;
 * else everything lost, everything kept, and `samples` others by `seed`.
 */
export function powerLosses(disk: MemoryDisk, seed: number, samples: number): readonly Decide[] {
  const pending: Pending[] = [];
  disk
    .copy(() => undefined)
    .crash((one) => {
      pending.push(one);
      return 0;
    });
  for (const choices of [BEGINNINGS, MARKED]) {
    const ways = combinations(pending, choices);
    if (ways !== null) return ways;
  }
  const sampled = Array.from({ length: samples }, (_, index): Decide => {
    return ({ kind, path, sector }) => {
      const choices = kind === "name" ? NAME : BEGINNINGS;
      const drawn = keyed(seed, index, kind, path, sector);
      // A third lost, a third kept, a third torn anywhere.
      if (drawn % 3 === 0) return 0;
      return drawn % 3 === 1 ? SECTOR_BYTES : choices[(drawn >>> 8) % choices.length]!;
    };
  });
  return [() => 0, () => SECTOR_BYTES, ...sampled];
}

/** Every combination of what may be left of each; `null` if there are more than `WAYS_MAX`. */
function combinations(pending: readonly Pending[], beginnings: readonly number[]): readonly Decide[] | null {
  const choices = pending.map(({ kind }) => (kind === "name" ? NAME : beginnings));
  const count = choices.reduce((product, { length }) => product * length, 1);
  if (count > WAYS_MAX) return null;
  const places = new Map(pending.map((one, index) => [nameOf(one), index]));
  return Array.from({ length: count }, (_, way): Decide => {
    const chosen: number[] = [];
    let rest = way;
    for (const { length } of choices) {
      chosen.push(rest % length);
      rest = Math.floor(rest / length);
    }
    return (one) => {
      const place = places.get(nameOf(one));
      return place === undefined ? 0 : choices[place]![chosen[place]!]!;
    };
  });
}

function nameOf({ kind, path, sector }: Pending): string {
  return `${kind} ${path} ${sector}`;
}
