import type { Budget } from "./budget.ts";
import { prefixOf } from "./history.ts";
import type { Model } from "./models/model.ts";
import type { Operation } from "./operation.ts";
import { Search, type Stuck } from "./search.ts";

/** The first return at which operations of a key can no longer be put in order. */
export interface FirstBadEvent {
  /** Moment of that return, in the unit of `returnedAt`; in a history that was read from text, the number of the event. */
  readonly event: number;
  /** Whether it is surely the first. If the budget ran out, an earlier one may be bad already. */
  readonly proven: boolean;
  /** How far the search of the operations up to that event came. */
  readonly stuck: Stuck;
}

/**
 * The smallest moment such that the operations of one key up to it, calls under way taken as unknown, are not linearizable.
 * Linearizability is prefix closed (M. Herlihy, J. Wing, *Linearizability* (1990), section 2), so the bad prefixes are those
 * from one return on. It is looked for from the front, with steps that double: how far a failed search came says where to
 * begin, for everything that returned before the return which no order could pass was put in order by it.
 *
 * @param stuck - how far the search of all operations came; its verdict was `not-linearizable`.
 * @param before - looks only before this moment; `Infinity` for all.
 * @returns `none` if the operations up to every moment before `before` are linearizable, `unknown` if the budget ran out
 *   before that was decided.
 */
export function firstBadEventOfKey(
  operations: readonly Operation[],
  model: Model,
  stuck: Stuck,
  before: number,
  budget: Budget,
): FirstBadEvent | "none" | "unknown" {
  const returns = returnsBefore(operations, before);
  let worst = stuck;
  let proven = true;
  // The prefix up to returns[high] is bad; all that end before returns[low] are not.
  let high = returns.length - 1;
  if (before !== Infinity) {
    if (high < 0 || returns[high]! < stuck.returnedAt) return "none";
    const search = new Search(prefixOf(operations, returns[high]!), model);
    const verdict = budget.spend(search);
    if (verdict !== "not-linearizable") return verdict === "linearizable" ? "none" : "unknown";
    worst = search.furthest;
  }
  let low = firstAtLeast(returns, worst.returnedAt);
  for (let stride = 1; low < high; stride *= 2) {
    const middle = Math.min(low + stride - 1, (low + high) >>> 1);
    const search = new Search(prefixOf(operations, returns[middle]!), model);
    const verdict = budget.spend(search);
    if (verdict === "not-linearizable") {
      high = middle;
      worst = search.furthest;
      low = Math.max(low, firstAtLeast(returns, worst.returnedAt));
      stride = 0.5;
    } else {
      if (verdict === "unknown") proven = false;
      low = middle + 1;
    }
  }
  return { event: returns[high]!, proven, stuck: worst };
}

/** The moments of return before `before`, each once, rising. */
function returnsBefore(operations: readonly Operation[], before: number): number[] {
  const returns: Set<number> = new Set();
  for (const operation of operations) {
    if (operation.returnedAt < before) returns.add(operation.returnedAt);
  }
  return [...returns].toSorted((a, b) => a - b);
}

/** Index of the first moment that is at least `moment`. */
function firstAtLeast(moments: readonly number[], moment: number): number {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (moments[middle]! < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
