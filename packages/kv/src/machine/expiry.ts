import { compareKeys, createSortedMap, type SortedMap } from "./sorted-map.ts";

type Due = readonly [atMs: number, key: string];

function compareDue(left: Due, right: Due): number {
  return left[0] - right[0] || compareKeys(left[1], right[1]);
}

/** Which keys expire when, in log time; at one time in the order of keys. Derived from the store, so not in its image. */
export class Expiry {
  readonly #due: SortedMap<Due, true> = createSortedMap<Due, true>(compareDue);

  add(key: string, atMs: number): void {
    this.#due.set([atMs, key], true);
  }

  remove(key: string, atMs: number): void {
    this.#due.delete([atMs, key]);
  }

  /** Earliest time at which a key expires; Infinity: none does. */
  dueMs(): number {
    return this.#due.minKey()?.[0] ?? Infinity;
  }

  /** At most `max` keys that have expired at `nowMs`, earliest first. */
  dueKeys(nowMs: number, max: number): string[] {
    const keys: string[] = [];
    for (const [atMs, key] of this.#due.keys()) {
      if (atMs > nowMs || keys.length === max) break;
      keys.push(key);
    }
    return keys;
  }
}
