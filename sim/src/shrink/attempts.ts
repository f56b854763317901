import type { Subject, SubjectOf } from "../clients/program.ts";
import type { Fault } from "../faults/schedule.ts";
import type { InvariantId, Violation } from "../invariants/catalogue.ts";
import type { RunConfig } from "../world/config.ts";
import { runOnce, type RunResult } from "../world/run.ts";

/** A run that breaks an invariant. */
export interface FailingCase {
  readonly config: RunConfig;
  readonly seed: number;
  readonly schedule: readonly Fault[];
}

/** What making a case small may take. */
export interface ShrinkBudget {
  /** Runs, each as long as it takes to fail or to heal. 0: the case is kept as it is. */
  readonly runsMax: number;
  /** Asked before each run: whether none may follow, such as when a time is over. Default: never. */
  readonly isOver?: () => boolean;
  /** Whether the load is made less and each fault calmer once no fault can be left out. Default true. */
  readonly calm?: boolean;
  /** Told before each run: how many there were, with it, and how many faults the smallest case so far has. */
  readonly progress?: (runs: number, faults: number) => void;
}

/** The smallest failing case so far, and the runs that were spent on it. Only the same invariant counts as the same failure. */
export class Attempts {
  best: FailingCase;
  runs = 0;
  readonly invariant: InvariantId;
  readonly #budget: ShrinkBudget;
  readonly #subjectOf: SubjectOf;

  constructor(failing: FailingCase, invariant: InvariantId, budget: ShrinkBudget, subjectOf: SubjectOf) {
    this.best = failing;
    this.invariant = invariant;
    this.#budget = budget;
    this.#subjectOf = subjectOf;
  }

  get isOver(): boolean {
    return this.runs >= this.#budget.runsMax || this.#budget.isOver?.() === true;
  }

  /** What a case of this configuration puts to the test. */
  subjectOf(config: RunConfig): Subject {
    return this.#subjectOf(config);
  }

  run({ config, seed, schedule }: FailingCase): Promise<RunResult> {
    this.runs += 1;
    this.#budget.progress?.(this.runs, this.best.schedule.length);
    return runOnce(config, seed, schedule, this.#subjectOf(config));
  }

  /** Takes the candidate for the best if it fails alike, up to its violation. */
  async try(candidate: FailingCase): Promise<boolean> {
    return !this.isOver && (await this.fails(candidate)) === "alike";
  }

  /** How a candidate fails. One that fails alike is the best from now on. */
  async fails(candidate: FailingCase): Promise<"alike" | InvariantId | null> {
    const { violation } = await this.run(candidate);
    if (violation?.invariant !== this.invariant) return violation?.invariant ?? null;
    this.best = upTo(violation, candidate);
    return "alike";
  }
}

/**
 * What comes after a violation cannot have caused it: the load ends with the second in which it came, and the schedule with the last fault before it. Up to
 * there it is the same run, so it need not be taken again. What is found after healing says nothing of when it happened; but no fault strikes once a run is healed.
 */
function upTo({ atMs }: Violation, failing: FailingCase): FailingCase {
  const seconds = Math.min(failing.config.seconds, Math.ceil(atMs / 1000));
  const lastMs = Math.min(seconds * 1000, atMs);
  let strikesMs = 0;
  const schedule = failing.schedule.filter((fault) => (strikesMs += fault.gapMs) <= lastMs);
  return { ...failing, config: { ...failing.config, seconds }, schedule };
}
