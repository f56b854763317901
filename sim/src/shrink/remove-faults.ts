import type { Fault } from "../faults/schedule.ts";
import type { Attempts } from "./attempts.ts";

/** What comes after the violation cannot have caused it. */
export async function cutAfterViolation(attempts: Attempts): Promise<void> {
  const { config, schedule } = attempts.best;
  const { violation } = await attempts.run(attempts.best);
  if (violation === null) return;
  const seconds = Math.ceil(violation.atMs / 1000);
  if (seconds < config.seconds) await attempts.try({ ...attempts.best, config: { ...config, seconds } });
  else await halveSeconds(attempts);
  let atMs = 0;
  const before = schedule.filter((fault) => (atMs += fault.gapMs) <= violation.atMs);
  if (before.length < schedule.length) await attempts.try({ ...attempts.best, schedule: before });
}

/** What is found only at the end of a run says nothing of when it happened. */
async function halveSeconds(attempts: Attempts): Promise<void> {
  let halved = true;
  while (halved && attempts.best.config.seconds > 1) {
    const { config } = attempts.best;
    halved = await attempts.try({ ...attempts.best, config: { ...config, seconds: Math.ceil(config.seconds / 2) } });
  }
}

/**
 * Takes parts of the schedule out, halves before quarters, until no single fault can go (delta debugging: A. Zeller, R. Hildebrandt, *Simplifying and Isolating
 * Failure-Inducing Input*, 2002).
 */
export async function removeFaults(attempts: Attempts): Promise<void> {
  for (let size = attempts.best.schedule.length; size >= 1; size = Math.floor(size / 2)) {
    let removed = true;
    while (removed) {
      removed = false;
      for (let from = 0; from < attempts.best.schedule.length && !attempts.isOver;) {
        if (await attempts.try({ ...attempts.best, schedule: without(attempts.best.schedule, from, size) })) {
          removed = true;
        } else from += size;
      }
      // Only single faults are tried until none can go.
      if (size > 1) break;
    }
  }
}

/** The schedule without some faults; what is left happens when it did. */
export function without(schedule: readonly Fault[], from: number, count: number): readonly Fault[] {
  const end = Math.min(from + count, schedule.length);
  const goneMs = schedule.slice(from, end).reduce((sum, { gapMs }) => sum + gapMs, 0);
  const rest = schedule
    .slice(end)
    .map((fault, index) => (index === 0 ? { ...fault, gapMs: fault.gapMs + goneMs } : fault));
  return [...schedule.slice(0, from), ...rest];
}
