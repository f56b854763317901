import type { RevisionedOperation } from "../revisioned-operation.ts";
import { type Broken, broken } from "./broken.ts";

/** What real time demands of each operation. */
export interface RealTimeOrder {
  /** By operation: the greatest revision that was told to anybody before its call; -1 if none. Its own must not be below. */
  readonly floors: Float64Array;
  /** The first operation that was applied before what had returned before its call, or `null`. */
  readonly broken: Broken | null;
}

/**
 * Compares real time with the order of revisions: whoever calls after a reply has revision r must be applied after r (a
 * write) or reflect r (a read).
 */
export function realTimeOrder(operations: readonly RevisionedOperation[]): RealTimeOrder {
  const calls = sortedBy(operations, (each) => each.invokedAt);
  const returns = sortedBy(operations, (each) => each.returnedAt);
  const floors = new Float64Array(operations.length);
  let rule: Broken | null = null;
  let floor = -1;
  let highest = -1;
  let returned = 0;
  for (const index of calls) {
    const operation = operations[index]!;
    while (returned < returns.length && operations[returns[returned]!]!.returnedAt < operation.invokedAt) {
      const before = returns[returned++]!;
      if (operations[before]!.revision <= floor) continue;
      floor = operations[before]!.revision;
      highest = before;
    }
    floors[index] = floor;
    const told = operation.kind === "write" ? operation.revision > 0 : operation.returnedAt !== Infinity;
    if (rule !== null || !told) continue;
    const lowest = operation.kind === "write" ? floor + 1 : floor;
    if (operation.revision >= lowest) continue;
    rule = broken(
      `a call that began after a reply of revision ${floor} was applied at revision ${operation.revision}; ` +
        `it must come ${operation.kind === "write" ? "after" : "at or after"} that`,
      [operations[highest]!, operation],
    );
  }
  return { floors, broken: rule };
}

/** Places of the operations, by a finite moment; those at `Infinity` are left out. */
function sortedBy(
  operations: readonly RevisionedOperation[],
  momentOf: (operation: RevisionedOperation) => number,
): Uint32Array {
  const moments = Float64Array.from(operations, momentOf);
  const finite = new Uint32Array(operations.length);
  let count = 0;
  let sorted = true;
  for (let index = 0; index < moments.length; index++) {
    if (moments[index] === Infinity) continue;
    if (count > 0 && moments[index]! < moments[finite[count - 1]!]!) sorted = false;
    finite[count++] = index;
  }
  const order = finite.subarray(0, count);
  return sorted ? order : order.sort((a, b) => moments[a]! - moments[b]!);
}
