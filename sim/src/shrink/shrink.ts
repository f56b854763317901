import type { Fault } from "../faults/schedule.ts";
import type { InvariantId } from "../invariants/catalogue.ts";
import type { Subject } from "../clients/program.ts";
import type { RunConfig } from "../world/config.ts";
import { runOnce, type RunResult } from "../world/run.ts";

/** A run that breaks an invariant. */
export interface FailingCase {
  readonly config: RunConfig;
  readonly seed: number;
  readonly schedule: readonly Fault[];
}

/** What shrinking ended with. */
export interface Shrunk extends FailingCase {
  /** Runs that it took. */
  readonly runs: number;
  /** Whether each fault that is left was shown to be needed. */
  readonly minimal: boolean;
}

/**
 * Makes a failing case small: only the same invariant counts as the same failure. First whole parts of the schedule are taken out, halves before
 * quarters (delta debugging: A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002), then the load and its time
 * are made less, then each fault calmer; until no single fault can go.
 *
 * @param runsMax - runs that it may take.
 * @param subject - what the run puts to the test; null: the project's own machines.
 */
export async function shrink(
  failing: FailingCase,
  invariant: InvariantId,
  runsMax: number,
  subject: Subject | null = null,
): Promise<Shrunk> {
  const shrinking = new Shrinking(failing, invariant, runsMax, subject);
  await shrinking.cutAfterViolation();
  let minimal = await shrinking.removeFaults();
  await shrinking.calm();
  // What is calm may need less.
  minimal = (await shrinking.removeFaults()) && minimal;
  return { ...shrinking.best, runs: shrinking.runs, minimal };
}

class Shrinking {
  best: FailingCase;
  runs = 0;
  readonly #invariant: InvariantId;
  readonly #runsMax: number;
  readonly #subject: Subject | null;

  constructor(failing: FailingCase, invariant: InvariantId, runsMax: number, subject: Subject | null) {
    this.best = failing;
    this.#invariant = invariant;
    this.#runsMax = runsMax;
    this.#subject = subject;
  }

  get #isOver(): boolean {
    return this.runs >= this.#runsMax;
  }

  /** What comes after the violation cannot have caused it. */
  async cutAfterViolation(): Promise<void> {
    const { config, schedule } = this.best;
    this.runs += 1;
    const { violation } = await this.#run(this.best);
    if (violation === null) return;
    const seconds = Math.ceil(violation.atMs / 1000);
    if (seconds < config.seconds) await this.#try({ ...this.best, config: { ...config, seconds } });
    let atMs = 0;
    const before = schedule.filter((fault) => (atMs += fault.gapMs) <= violation.atMs);
    if (before.length < schedule.length) await this.#try({ ...this.best, schedule: before });
  }

  /** Returns whether each fault that is left is needed. */
  async removeFaults(): Promise<boolean> {
    for (let size = this.best.schedule.length; size >= 1; size = Math.floor(size / 2)) {
      let removed = true;
      while (removed) {
        removed = false;
        for (let from = 0; from < this.best.schedule.length && !this.#isOver;) {
          if (await this.#try({ ...this.best, schedule: without(this.best.schedule, from, size) })) removed = true;
          else from += size;
        }
        // Only single faults are tried until none can go.
        if (size > 1) break;
      }
    }
    return !this.#isOver;
  }

  /** Fewer clients and nodes, shorter faults, rounder times. */
  async calm(): Promise<void> {
    const less: Partial<RunConfig>[] = [
      { lockClients: 0 },
      { kvClients: 0 },
      { kvClients: 1 },
      { nodes: 3 },
      { keys: 1 },
    ];
    for (const change of this.#subject === null ? less : [{ nodes: 3 }]) {
      const config = { ...this.best.config, ...change };
      if (config.lockClients + config.kvClients > 0) await this.#try({ ...this.best, config });
    }
    for (let index = 0; index < this.best.schedule.length; index++) {
      for (const part of [0, 0.25, 0.5]) {
        const calmer = this.best.schedule.map((fault, at) =>
          at === index ? { ...fault, forMs: Math.floor(fault.forMs * part) } : fault,
        );
        if (this.best.schedule[index]!.forMs > 0 && (await this.#try({ ...this.best, schedule: calmer }))) break;
      }
    }
  }

  #run({ config, seed, schedule }: FailingCase): Promise<RunResult> {
    return this.#subject === null ? runOnce(config, seed, schedule) : runOnce(config, seed, schedule, this.#subject);
  }

  async #try(candidate: FailingCase): Promise<boolean> {
    if (this.#isOver) return false;
    this.runs += 1;
    const { violation } = await this.#run(candidate);
    if (violation?.invariant !== this.#invariant) return false;
    this.best = candidate;
    return true;
  }
}

/** The schedule without some faults; what is left happens when it did. */
function without(schedule: readonly Fault[], from: number, count: number): readonly Fault[] {
  const end = Math.min(from + count, schedule.length);
  const goneMs = schedule.slice(from, end).reduce((sum, { gapMs }) => sum + gapMs, 0);
  const rest = schedule
    .slice(end)
    .map((fault, index) => (index === 0 ? { ...fault, gapMs: fault.gapMs + goneMs } : fault));
  return [...schedule.slice(0, from), ...rest];
}
