import { checksumOf, type Control, controlWithout, type HuntOptions, type HuntResult } from "./hunt.ts";
import type { Mutant } from "./mutant.ts";

/** What is left to do for one mutant: it is hunted, its kill is made small, and it is run without what reveals it. */
export type Step = "hunt" | "shrink" | "control";

/** What of a mutant is to be known. */
export interface Wishes extends Pick<HuntOptions, "seconds" | "shrinkCpuSecondsMax"> {
  readonly control: boolean;
}

/** The next step with a mutant of which `result` is known; null: none. */
export function nextStep(mutant: Mutant, result: HuntResult | undefined, wishes: Wishes): Step | null {
  if (result === undefined || result.patches !== checksumOf(mutant) || result.seconds !== wishes.seconds) return "hunt";
  const { kill, control } = result;
  if (kill === null) return null;
  if (wishes.shrinkCpuSecondsMax > 0 && !kill.isSmall) return "shrink";
  const isControlled = control !== null && String(control.without) === String(controlWithout(mutant));
  return wishes.control && !isControlled ? "control" : null;
}

/** Whether a mutant survives without the faults that reveal it. Of what contention reveals, no fault at all says only whether clients alone bring enough of it. */
export function isAsExpected({ revealedBy }: Mutant, control: Control | null): boolean {
  return control === null || revealedBy === "contention" || control.violation === null;
}
