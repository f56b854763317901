import type { Clock } from "@quorate/machine";

/** The clock of this machine: CLOCK_MONOTONIC, which stands still while a Linux machine is suspended, and the wall clock beside it. */
export function createNodeClock(): Clock {
  return {
    nowMs: () => performance.now(),
    wallMs: () => Date.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
    endOfTurn: (run) => void setImmediate(run),
  };
}
