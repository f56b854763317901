import type { QuorateError } from "@quorate/machine";
import type { Done } from "./disk.ts";

/** Runs `step` on each item, each after the one before it has ended; stops at the first error. Steps must end in a later turn. */
export function inTurn<T>(items: readonly T[], step: (item: T, done: Done) => void, done: Done): void {
  const next = (index: number): void => {
    if (index === items.length) return done(null, undefined);
    step(items[index]!, (error: QuorateError | null) => {
      if (error !== null) done(error, undefined);
      else next(index + 1);
    });
  };
  next(0);
}
