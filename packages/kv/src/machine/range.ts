import {
  FLAG_COUNT_ONLY,
  FLAG_DESCENDING,
  FLAG_KEYS_ONLY,
  type KeyRange,
  type KeyTuple,
  RANGE_KEY,
  RANGE_PREFIX,
  type RangeDone,
} from "./command.ts";
import { type KeyState, keyTuple, sizeOf } from "./key-state.ts";
import type { KvLimits } from "./limits.ts";
import type { SortedMap } from "./sorted-map.ts";

/** The first string behind all that start with `prefix`; empty: there is none. May be ill-formed UTF-16, so it never leaves the machine. */
export function prefixEnd(prefix: string): string {
  for (let length = prefix.length; length > 0; length -= 1) {
    const last = prefix.charCodeAt(length - 1);
    if (last < 0xffff) return prefix.slice(0, length - 1) + String.fromCharCode(last + 1);
  }
  return "";
}

/** A range as `from` … before `end`; an empty `end` is the end of the store. */
export interface Bounds {
  readonly from: string;
  readonly end: string;
}

export function boundsOf(range: KeyRange): Bounds {
  if (range[0] === RANGE_KEY) return { from: range[1], end: range[1] + "\0" };
  if (range[0] === RANGE_PREFIX) return { from: range[1], end: prefixEnd(range[1]) };
  return { from: range[1], end: range[2] };
}

export function inBounds(bounds: Bounds, key: string): boolean {
  return key >= bounds.from && (bounds.end === "" || key < bounds.end);
}

/** The pairs of `map` within `bounds` and behind `after`, in either direction. The pair is reused between steps. */
export function* pairsIn<V>(
  map: SortedMap<string, V>,
  bounds: Bounds,
  after: string,
  descending: boolean,
): Generator<[string, V], void, undefined> {
  if (descending) {
    const below = after !== "" && (bounds.end === "" || after < bounds.end) ? after : bounds.end;
    for (const pair of map.entriesReversed(below === "" ? undefined : below, [], true)) {
      if (below !== "" && pair[0] >= below) continue;
      if (pair[0] < bounds.from) return;
      yield pair;
    }
    return;
  }
  const above = after !== "" && after >= bounds.from ? after : "";
  for (const pair of map.entries(above === "" ? bounds.from : above, [])) {
    if (bounds.end !== "" && pair[0] >= bounds.end) return;
    if (above !== "" && pair[0] === above) continue;
    yield pair;
  }
}

/** One page of `states`: stops at the limit asked for, at the limits of a page, or at the end. */
export function pageOf(states: Iterable<KeyState>, limit: number, flags: number, limits: KvLimits): RangeDone {
  const countOnly = (flags & FLAG_COUNT_ONLY) !== 0;
  const withValue = (flags & FLAG_KEYS_ONLY) === 0;
  const pageMax = countOnly ? limits.countKeysMax : limits.pageKeysMax;
  const keysMax = limit === 0 ? pageMax : Math.min(limit, pageMax);
  const entries: KeyTuple[] = [];
  let count = 0;
  let bytes = 0;
  let last = "";
  for (const state of states) {
    const { key } = state;
    const size = countOnly ? 0 : withValue ? sizeOf(state) : key.length;
    if (count === keysMax || (count > 0 && bytes + size > limits.pageBytesMax)) return [7, entries, count, last];
    if (!countOnly) entries.push(keyTuple(state, withValue));
    count += 1;
    bytes += size;
    last = key;
  }
  return [7, entries, count, ""];
}

export function isDescending(flags: number): boolean {
  return (flags & FLAG_DESCENDING) !== 0;
}
