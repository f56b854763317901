import type { InvariantId } from "../invariants/catalogue.ts";
import type { Attempts } from "./attempts.ts";
import { without } from "./remove-faults.ts";

/** What a failing case became, and what its neighbours do: for each fault that is left, the run without it. */
export interface Minimality {
  /** No single fault can be left out. */
  readonly minimal: boolean;
  /** One line a fault. */
  readonly neighbours: readonly string[];
}

/**
 * Leaves out each fault, the last ones first, round and round until each of those that are left was shown to be needed since the last one went. Last ones first: the
 * sooner the case fails, the sooner it is run.
 */
export async function oneMinimal(attempts: Attempts): Promise<Minimality> {
  let needed = new Map<number, InvariantId | null>();
  let index = attempts.best.schedule.length - 1;
  while (needed.size < attempts.best.schedule.length && !attempts.isOver) {
    const { best } = attempts;
    if (index < 0) index = best.schedule.length - 1;
    const fails = await attempts.fails({ ...best, schedule: without(best.schedule, index, 1) });
    if (fails === "alike") needed = new Map();
    else needed.set(index, fails);
    index = Math.min(index, attempts.best.schedule.length) - 1;
  }
  const { schedule } = attempts.best;
  const neighbours = schedule.flatMap(({ kind }, at) => {
    const fails = needed.get(at);
    if (fails === undefined) return [];
    return [`without fault ${at + 1} (${kind}), ${fails === null ? "everything holds" : `${fails} is broken instead`}`];
  });
  return { minimal: needed.size === schedule.length, neighbours };
}
