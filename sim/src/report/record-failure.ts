import { ownSubject } from "../clients/own-subject.ts";
import type { SubjectOf } from "../clients/program.ts";
import type { Violation } from "../invariants/catalogue.ts";
import type { FailingCase, ShrinkBudget } from "../shrink/attempts.ts";
import { shrink } from "../shrink/shrink.ts";
import { runOnce } from "../world/run.ts";
import { reproOf } from "./repro.ts";
import { TraceRecorder } from "./trace-recorder.ts";
import type { Failure } from "./write-failure.ts";

/** A failure that was made small, and what that took. */
export interface Recorded {
  readonly failure: Failure;
  /** Faults of the run that failed. */
  readonly faultsBefore: number;
  readonly shrinkRuns: number;
  /** No single fault can be left out. */
  readonly minimal: boolean;
}

/**
 * Makes a failing case small and runs what is left once more, with everything that happens written down.
 *
 * @param found - how it failed.
 * @param subjectOf - what the run puts to the test. Default: the project's own machines.
 */
export async function recordFailure(
  failing: FailingCase,
  found: Violation,
  budget: ShrinkBudget,
  subjectOf: SubjectOf = ownSubject,
): Promise<Recorded> {
  const small = await shrink(failing, found.invariant, budget, subjectOf);
  const recorder = new TraceRecorder();
  const { config, seed, schedule, runs, minimal } = small;
  const subject = subjectOf(config);
  const { violation, hash } = await runOnce(config, seed, schedule, subject, [recorder]);
  // A run that holds now is no function of its seed: what failed depends on something outside it.
  const ledger =
    violation === null ? [...small.ledger, "run once more, IT HOLDS: it is not deterministic"] : small.ledger;
  const last = violation ?? found;
  return {
    failure: { ...reproOf({ ...small, ledger }, last, hash, subject, recorder.met), trace: recorder.trace(last) },
    faultsBefore: failing.schedule.length,
    shrinkRuns: runs,
    minimal: minimal && violation?.invariant === found.invariant,
  };
}
