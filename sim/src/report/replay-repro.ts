import { ownSubject } from "../clients/own-subject.ts";
import { machineNames, type Subject, type SubjectOf } from "../clients/program.ts";
import { runOnce } from "../world/run.ts";
import { divergenceOf } from "./divergence.ts";
import { ReproError } from "./read-repro.ts";
import { type Repro, reproOf } from "./repro.ts";
import { TraceRecorder } from "./trace-recorder.ts";
import type { Failure } from "./write-failure.ts";

/** A saved run, once more. */
export interface Replayed {
  readonly hash: string;
  readonly simulatedMs: number;
  /**
   * Whether it was the run of the file: the same invariant was broken, and the hash is equal; of a run that is no function of its seed (L1), whether it differed again.
   * If not, other code ran.
   */
  readonly isSame: boolean;
  /** How it failed now, with its trace; null: everything held. */
  readonly failure: Failure | null;
}

/**
 * Runs a saved run once more.
 *
 * @param subjectOf - what it put to the test. Default: the project's own machines.
 * @throws ReproError `OTHER_MACHINE` if the file is of other machines than `subjectOf` has.
 */
export async function replayRepro(repro: Repro, subjectOf: SubjectOf = ownSubject): Promise<Replayed> {
  const { config, machines } = repro;
  const subject = subjectOf(config);
  const own = machineNames(subject);
  if (own.join() !== machines.join()) {
    const [saved, here] = [machines, own].map((names) => names.map((name) => `"${name}"`).join(" and "));
    throw new ReproError(
      "OTHER_MACHINE",
      `This is a run of ${saved}, and here is ${here}. Replay it in the program that found it: simulate({ …, replay: readRepro(FILE) }).`,
    );
  }
  return repro.invariant === "L1" ? replayTwice(repro, subjectOf) : replayOnce(repro, subject);
}

async function replayOnce(repro: Repro, subject: Subject): Promise<Replayed> {
  const { config, seed, schedule } = repro;
  const recorder = new TraceRecorder();
  const { violation, hash, simulatedMs } = await runOnce(config, seed, schedule, subject, [recorder]);
  const isSame = violation?.invariant === repro.invariant && hash === repro.hash;
  if (violation === null) return { hash, simulatedMs, isSame, failure: null };
  const told = reproOf(repro, violation, hash, subject, recorder.met);
  return { hash, simulatedMs, isSame, failure: { ...told, trace: recorder.trace(violation) } };
}

async function replayTwice(repro: Repro, subjectOf: SubjectOf): Promise<Replayed> {
  const { differs, failure } = await divergenceOf(repro, subjectOf);
  return { hash: failure.hash, simulatedMs: failure.atMs, isSame: differs, failure: differs ? failure : null };
}
