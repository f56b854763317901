import type { TraceEvent } from "../trace/trace.ts";

/** Pixels a millisecond, and the least and most that lie between two things that happened one after the other. */
const PIXELS_PER_MS = 8;
const STEP_MIN = 2;
const STEP_MAX = 30;

/** Where each event stands from the top: true time, with long silences cut short and what happened at one instant on one line. */
export function heights(events: readonly TraceEvent[], top: number): number[] {
  let height = top;
  let beforeMs = events[0]?.atMs ?? 0;
  return events.map(({ atMs }) => {
    const gapMs = atMs - beforeMs;
    if (gapMs > 0) height += Math.min(STEP_MAX, Math.max(STEP_MIN, gapMs * PIXELS_PER_MS));
    beforeMs = atMs;
    return Math.round(height * 10) / 10;
  });
}
