import { performance } from "node:perf_hooks";
import type { Clock } from "@quorate/machine";

/** The clock of this process: `performance.now` (CLOCK_MONOTONIC), `Date.now`, timers that never keep the process alive, `setImmediate`. */
export function createNodeClock(): Clock {
  return {
    nowMs: () => performance.now(),
    wallMs: () => Date.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      timer.unref();
      return () => {
        clearTimeout(timer);
      };
    },
    endOfTurn(run) {
      setImmediate(run);
    },
  };
}
