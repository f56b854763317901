import { HistoryRecorder, type History, type Scalar, type Value } from "@quorate/check";
import fc from "fast-check";

/** What one event of a generated run decides. */
interface Choice {
  readonly process: number;
  readonly f: string;
  readonly argument: Value;
  readonly result: Scalar;
  readonly end: "ok" | "fail" | "not-applied" | "unknown";
}

/** How a function of a generated history is called: its name and its arguments. */
export type Calls = Readonly<Record<string, fc.Arbitrary<Value>>>;

/**
 * Histories of a few processes on one key whose results are guesses out of a small set, so that about half of them can be put
 * in order. Event after event, a process that is idle calls, and one that is not ends its call.
 */
export function arbitraryHistory(
  calls: Calls,
  results: fc.Arbitrary<Scalar>,
  eventsMax: number,
): fc.Arbitrary<History> {
  const choices = Object.entries(calls).map(([f, argument]) =>
    fc.record({
      process: fc.nat(2),
      f: fc.constant(f),
      argument,
      result: results,
      end: fc.constantFrom<Choice["end"]>("ok", "ok", "ok", "ok", "fail", "not-applied", "unknown"),
    }),
  );
  return fc.array(fc.oneof(...choices), { minLength: 2, maxLength: eventsMax, size: "max" }).map(recordChoices);
}

function recordChoices(choices: readonly Choice[]): History {
  const recorder = new HistoryRecorder();
  const open: Map<number, Choice> = new Map();
  for (const choice of choices) {
    const call = open.get(choice.process);
    if (call === undefined) {
      recorder.invoke(choice.process, choice.f, "k", choice.argument);
      open.set(choice.process, choice);
    } else {
      recorder.complete(choice.process, call.f, "k", choice.end, call.argument === null ? choice.result : null);
      open.delete(choice.process);
    }
  }
  return recorder.history();
}
