import type { Composite } from "@quorate/machine";
import type { Entry } from "@quorate/paxos";
import type { SubjectOf } from "../clients/program.ts";
import type { FailingCase } from "../shrink/attempts.ts";
import { runOnce } from "../world/run.ts";
import { reproOf } from "./repro.ts";
import { TraceRecorder } from "./trace-recorder.ts";
import { EVENTS_MAX, type Trace, violationEvent } from "./trace/trace.ts";
import type { Failure } from "./write-failure.ts";

/** A case that was taken twice. */
export interface Divergence {
  /** Whether the two runs differed. */
  readonly differs: boolean;
  /** That they did, as a failure of invariant L1. Its trace ends with the first thing that differs. */
  readonly failure: Failure;
}

/** One run, and all that happened in it. */
interface Taken {
  readonly hash: string;
  readonly met: TraceRecorder["met"];
  readonly trace: Trace;
}

/**
 * Takes a case twice, with everything written down, to show the first thing that differs: without any fault, if it differs so too. It is not made small otherwise, for
 * whether it differs depends on something that no run knows of.
 */
export async function divergenceOf(failing: FailingCase, subjectOf: SubjectOf): Promise<Divergence> {
  const calm = await takenTwice({ ...failing, schedule: [] }, subjectOf);
  return calm.differs || failing.schedule.length === 0 ? calm : takenTwice(failing, subjectOf);
}

async function takenTwice(failing: FailingCase, subjectOf: SubjectOf): Promise<Divergence> {
  const first = await taken(failing, subjectOf);
  const second = await taken(failing, subjectOf);
  return { differs: first.hash !== second.hash, failure: failureOf(failing, first.trace, second, subjectOf) };
}

/** Writes down as well what each replica's results come to after each entry: a machine of itself may differ where nothing else does. */
class StateRecorder extends TraceRecorder {
  override applied(node: number, { slot }: Entry, _counted: boolean, { revision, digest }: Composite): void {
    this.add("role", node, {
      slot,
      text: `applied slot ${slot}: revision ${revision}, digest of all results ${digest}`,
    });
  }
}

async function taken({ config, seed, schedule }: FailingCase, subjectOf: SubjectOf): Promise<Taken> {
  const recorder = new StateRecorder(Infinity);
  const { hash } = await runOnce(config, seed, schedule, subjectOf(config), [recorder]);
  return { hash, met: recorder.met, trace: recorder.trace(null) };
}

function failureOf(
  { seed, config, schedule }: FailingCase,
  before: Trace,
  { trace, hash, met }: Taken,
  subjectOf: SubjectOf,
): Failure {
  const length = Math.max(before.events.length, trace.events.length);
  let at = 0;
  while (at < length && JSON.stringify(before.events[at]) === JSON.stringify(trace.events[at])) at++;
  const how =
    at === length
      ? "their hashes differ, and nothing that a trace shows"
      : `first ${show(before, at)}; then ${show(trace, at)}`;
  const violation = {
    invariant: "L1",
    witness: `the run of seed ${seed} was taken twice, and went two ways: ${how}`,
    atMs: trace.events[Math.min(at, trace.events.length - 1)]!.atMs,
  } as const;
  const ledger = ["what it needs is not known: what differs depends on something outside the run"];
  const told = reproOf({ seed, config, schedule, ledger, neighbours: [] }, violation, hash, subjectOf(config), met);
  const from = Math.max(0, at + 1 - EVENTS_MAX);
  const events = [...trace.events.slice(from, at + 1), violationEvent(violation)];
  return { ...told, trace: { ...trace, events, droppedEvents: from } };
}

function show({ events, lanes }: Trace, at: number): string {
  const event = events[at];
  if (event === undefined) return "nothing more happened";
  const where = lanes.find(({ id }) => id === event.lane)?.name ?? "the run";
  return `${where}: ${event.text}, at ${(event.atMs / 1000).toFixed(4)} s`;
}
