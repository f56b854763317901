import { CheckError } from "../errors.ts";
import { HistoryRecorder } from "../history.ts";
import type { OperationOutcome, Value } from "../operation.ts";

/** One event as a line of a history tells it. */
export interface HistoryLine {
  readonly process: number;
  readonly type: "invoke" | OperationOutcome;
  readonly f: string;
  readonly key: string;
  /** Argument of an invoke, result of an ok. */
  readonly value: Value;
}

/** How much of a bad line an error shows. */
const SHOWN_MAX = 80;

/** Reads one line, 1-based number `line`; `null` if it holds no event. */
export type LineParser = (text: string, line: number) => HistoryLine | null;

/** Reads a text line by line into a recorder; blank lines hold no event. */
export function recordLines(text: string, parse: LineParser): HistoryRecorder {
  const recorder = new HistoryRecorder();
  for (const [index, content] of text.split("\n").entries()) {
    const trimmed = content.trim();
    const event = trimmed === "" ? null : parse(trimmed, index + 1);
    if (event === null) continue;
    if (event.type === "invoke") recorder.invoke(event.process, event.f, event.key, event.value, index + 1);
    else recorder.complete(event.process, event.f, event.key, event.type, event.value, index + 1);
  }
  return recorder;
}

/** The error of a line that cannot be read: what was expected, and the line itself. */
export function badLine(line: number, expected: string, text: string): CheckError {
  const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
  return new CheckError("BAD_FORMAT", `expected ${expected}, found ${shown}`, line);
}
