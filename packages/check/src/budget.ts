import { CheckError } from "./errors.ts";
import type { Search } from "./search.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Steps of the model that one check may try over all its keys, unless told otherwise. A step costs about a microsecond and
 * up to some 50 bytes for the memo, more for histories with many open operations.
 */
export const STEPS_MAX_DEFAULT = 10_000_000;

/** Steps that each key gets in the first round; each further round gives twice as many. */
const FIRST_SLICE_STEPS = 1_000;

/** A count of steps that several searches share. When it is used up, what is not decided stays `unknown`. */
export class Budget {
  readonly stepsMax: number;
  private stepsUsed = 0;

  /** @throws CheckError `BAD_OPTION` unless `stepsMax` is a whole number of 1 or more. */
  constructor(stepsMax: number) {
    if (!Number.isSafeInteger(stepsMax) || stepsMax < 1) {
      throw new CheckError("BAD_OPTION", `stepsMax is ${stepsMax}; expected a whole number of 1 or more`);
    }
    this.stepsMax = stepsMax;
  }

  /** Steps used so far: at most `stepsMax` and what the last slice overran, one scan of the calls under way. */
  get steps(): number {
    return this.stepsUsed;
  }

  /** Whether nothing is left. */
  get exhausted(): boolean {
    return this.stepsUsed >= this.stepsMax;
  }

  /** Lets a search go on for `steps` steps, or for what is left if that is less. */
  spend(search: Search, steps: number = Infinity): Verdict {
    const left = this.stepsMax - this.stepsUsed;
    if (left <= 0) return search.run(0);
    const before = search.steps;
    const verdict = search.run(Math.min(steps, left));
    this.stepsUsed += search.steps - before;
    return verdict;
  }
}

/**
 * Runs the searches in turns, with slices that double from round to round, until all are decided or the budget is used up:
 * one hard key does not keep the easy ones from their verdict.
 *
 * @returns the verdict of each search, in their order.
 */
export function runInTurns(searches: readonly Search[], budget: Budget): Verdict[] {
  const verdicts: Verdict[] = searches.map(() => "unknown");
  let undecided = searches.map((_, index) => index);
  for (let slice = FIRST_SLICE_STEPS; undecided.length > 0; slice *= 2) {
    for (const index of undecided) verdicts[index] = budget.spend(searches[index]!, slice);
    undecided = undecided.filter((index) => verdicts[index] === "unknown");
    if (budget.exhausted) break;
  }
  return verdicts;
}
