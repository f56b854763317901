import type { Fault } from "../faults/schedule.ts";
import type { Attempts } from "./attempts.ts";

/** What is found only once a run is healed says nothing of when it happened: whether half of the load does. */
export async function halveSeconds(attempts: Attempts): Promise<void> {
  let halved = true;
  while (halved && attempts.best.config.seconds > 1) {
    const { config } = attempts.best;
    halved = await attempts.try({ ...attempts.best, config: { ...config, seconds: Math.ceil(config.seconds / 2) } });
  }
}

/**
 * Takes parts of the schedule out: all of it, halves, quarters, and so on to pairs (delta debugging: A. Zeller, R. Hildebrandt, *Simplifying and Isolating Failure-Inducing
 * Input*, 2002).
 */
export async function removeFaults(attempts: Attempts, order: "last first" | "first first"): Promise<void> {
  let size = attempts.best.schedule.length;
  while (size >= 2 && !attempts.isOver) {
    // Faults that are looked at already, at the end where it began.
    let kept = 0;
    while (kept < attempts.best.schedule.length && !attempts.isOver) {
      const { schedule } = attempts.best;
      const count = Math.min(size, schedule.length - kept);
      const from = order === "first first" ? kept : schedule.length - kept - count;
      if (!(await attempts.try({ ...attempts.best, schedule: without(schedule, from, count) }))) kept += count;
    }
    if (size === 2) return;
    size = Math.min(Math.ceil(size / 2), attempts.best.schedule.length);
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
