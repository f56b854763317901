import type { Subject } from "../clients/program.ts";
import type { InvariantId } from "../invariants/catalogue.ts";
import { shrink } from "../shrink/shrink.ts";
import type { FailingCase } from "../shrink/attempts.ts";
import { runOnce } from "../world/run.ts";
import { reproOf } from "./repro.ts";
import { TraceRecorder } from "./trace-recorder.ts";
import type { Failure } from "./write-failure.ts";

/** A failure that was made small, and what that took. */
export interface Recorded {
  readonly failure: Failure;
  readonly shrinkRuns: number;
  /** No single fault can be left out. */
  readonly minimal: boolean;
}

/**
 * Makes a failing case small and runs what is left once more, with everything that happens written down.
 *
 * @param subject - what the run puts to the test; null: the project's own machines.
 * @throws Error if the run does not fail again: a run that is no function of its seed.
 */
export async function recordFailure(
  failing: FailingCase,
  invariant: InvariantId,
  shrinkRunsMax: number,
  subject: Subject | null = null,
): Promise<Recorded> {
  const small = await shrink(failing, invariant, shrinkRunsMax, subject);
  const recorder = new TraceRecorder();
  const { config, seed, schedule, runs, minimal } = small;
  const { violation, hash } =
    subject === null
      ? await runOnce(config, seed, schedule, undefined, [recorder])
      : await runOnce(config, seed, schedule, subject, [recorder]);
  if (violation === null) {
    throw new Error(`seed ${seed} broke ${invariant} and does not again: the run depends on something outside it`);
  }
  return {
    failure: { ...reproOf(small, violation, hash), trace: recorder.trace(violation) },
    shrinkRuns: runs,
    minimal,
  };
}
