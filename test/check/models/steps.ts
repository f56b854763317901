import { check, HistoryRecorder, type Model, type OperationOutcome, type Value, type Verdict } from "@quorate/check";

/** One call after another: process, function, argument, how it ended, what it returned. */
export type Step = readonly [process: number, f: string, argument: Value, outcome: OperationOutcome, result: Value];

/** The verdict of calls that come one at a time. */
export function verdictOf(model: Model, steps: readonly Step[]): Verdict {
  const recorder = new HistoryRecorder();
  for (const [process, f, argument, outcome, result] of steps) {
    recorder.invoke(process, f, "k", argument);
    recorder.complete(process, f, "k", outcome, result);
  }
  return check(recorder.history(), model).verdict;
}
