import { type History, stateAt } from "./history.ts";
import type { KeyState } from "./key-state.ts";
import { type Bounds, pairsIn } from "./range.ts";
import type { Store } from "./store.ts";

/**
 * The keys within `bounds` as they were at `revision`: every key that was there then is either there now or its delete is kept, so the two
 * ordered lists are merged.
 */
export function* pastStatesIn(
  store: Store,
  history: History,
  revision: number,
  bounds: Bounds,
  after: string,
  descending: boolean,
): Generator<KeyState, void, undefined> {
  const present = store.statesIn(bounds, after, descending);
  const deleted = pairsIn(history.deleted, bounds, after, descending);
  let left = present.next();
  let right = deleted.next();
  while (left.done !== true || right.done !== true) {
    const isLeft = right.done === true || (left.done !== true && left.value.key < right.value[0] === !descending);
    const last = isLeft ? (left.value as KeyState) : (right.value as [string, KeyState])[1];
    const then = stateAt(last, revision);
    if (then !== null) yield then;
    if (isLeft) left = present.next();
    else right = deleted.next();
  }
}
