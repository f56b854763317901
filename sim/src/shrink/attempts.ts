import type { Subject } from "../clients/program.ts";
import type { Fault } from "../faults/schedule.ts";
import type { InvariantId } from "../invariants/catalogue.ts";
import type { RunConfig } from "../world/config.ts";
import { runOnce, type RunResult } from "../world/run.ts";

/** A run that breaks an invariant. */
export interface FailingCase {
  readonly config: RunConfig;
  readonly seed: number;
  readonly schedule: readonly Fault[];
}

/** The smallest failing case so far, and the runs that were spent on it. Only the same invariant counts as the same failure. */
export class Attempts {
  best: FailingCase;
  runs = 0;
  readonly invariant: InvariantId;
  readonly #runsMax: number;
  readonly #subject: Subject | null;

  /** @param subject - what the run puts to the test; null: the project's own machines. */
  constructor(failing: FailingCase, invariant: InvariantId, runsMax: number, subject: Subject | null) {
    this.best = failing;
    this.invariant = invariant;
    this.#runsMax = runsMax;
    this.#subject = subject;
  }

  get isOver(): boolean {
    return this.runs >= this.#runsMax;
  }

  get isOfUser(): boolean {
    return this.#subject !== null;
  }

  run({ config, seed, schedule }: FailingCase): Promise<RunResult> {
    this.runs += 1;
    return this.#subject === null ? runOnce(config, seed, schedule) : runOnce(config, seed, schedule, this.#subject);
  }

  /** Takes the candidate for the best if it fails alike. */
  async try(candidate: FailingCase): Promise<boolean> {
    if (this.isOver) return false;
    const { violation } = await this.run(candidate);
    if (violation?.invariant !== this.invariant) return false;
    this.best = candidate;
    return true;
  }
}
