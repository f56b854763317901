import type { History } from "./history.ts";
import type { KeyState } from "./key-state.ts";
import { type Bounds, pairsIn } from "./range.ts";
import type { SortedMap } from "./sorted-map.ts";

/**
 * The keys within `bounds` as they were at `revision`, with their states: every key that was there then is either there now
 * or has a kept change, so the two ordered lists are merged.
 */
export function* pastPairsIn(
  entries: SortedMap<string, KeyState>,
  history: History,
  revision: number,
  bounds: Bounds,
  after: string,
  descending: boolean,
): Generator<readonly [string, KeyState], void, undefined> {
  const present = pairsIn(entries, bounds, after, descending);
  const changed = pairsIn(history.changedKeys, bounds, after, descending);
  let left = present.next();
  let right = changed.next();
  while (left.done !== true || right.done !== true) {
    const leftKey = left.done === true ? null : left.value[0];
    const rightKey = right.done === true ? null : right.value[0];
    const key = firstOf(leftKey, rightKey, descending);
    const then = history.stateAt(key, revision, left.done !== true && leftKey === key ? left.value[1] : null);
    if (then !== null) yield [key, then];
    if (leftKey === key) left = present.next();
    if (rightKey === key) right = changed.next();
  }
}

/** Of two keys, not both null, the one that comes first. */
function firstOf(left: string | null, right: string | null, descending: boolean): string {
  if (left === null) return right as string;
  if (right === null) return left;
  return left < right === !descending ? left : right;
}
