import { performance } from "node:perf_hooks";
import type { Clock } from "@quorate/machine";

/** The clock of this process: `performance.now` (CLOCK_MONOTONIC), `Date.now`, timers, which keep the process alive until they ran or were cancelled, `setImmediate`. */
export function createNodeClock(): Clock {
  return {
    nowMs: () => performance.now(),
    wallMs: () => Date.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => {
        clearTimeout(timer);
      };
    },
    endOfTurn(run) {
      setImmediate(run);
    },
  };
}
