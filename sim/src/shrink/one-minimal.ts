import type { Attempts } from "./attempts.ts";
import { without } from "./remove-faults.ts";

/** What a failing case became, and what its neighbours do: for each fault that is left, the run without it. */
export interface Minimality {
  /** No single fault can be left out. */
  readonly minimal: boolean;
  /** One line a fault. */
  readonly neighbours: readonly string[];
}

/** Leaves each fault out once. What fails all the same without one is taken, and the others are looked at again. */
export async function oneMinimal(attempts: Attempts): Promise<Minimality> {
  let neighbours: string[] = [];
  for (let index = 0; index < attempts.best.schedule.length;) {
    if (attempts.isOver) return { minimal: false, neighbours };
    const { best } = attempts;
    const candidate = { ...best, schedule: without(best.schedule, index, 1) };
    const { violation } = await attempts.run(candidate);
    if (violation?.invariant === attempts.invariant) {
      attempts.best = candidate;
      neighbours = [];
      index = 0;
      continue;
    }
    const becomes = violation === null ? "everything holds" : `${violation.invariant} is broken instead`;
    neighbours.push(`without fault ${index + 1} (${best.schedule[index]!.kind}), ${becomes}`);
    index += 1;
  }
  return { minimal: true, neighbours };
}
