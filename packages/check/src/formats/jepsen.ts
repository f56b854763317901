import type { History } from "../history.ts";
import type { Value } from "../operation.ts";
import { badLine, type HistoryLine, recordLines } from "./line-reader.ts";

/** Head of each line: the logger of Jepsen's test runner. */
const HEAD = /^INFO\s+jepsen\.util\s+-\s+/;
const EVENT = /^(\d+)\s+:(\w+)\s+:(\w+)\s+(.+)$/;
const NEMESIS = /^:nemesis\s/;
const FUNCTIONS: ReadonlySet<string> = new Set(["read", "write", "cas"]);

/** Whether a first line is of this format. */
export function looksLikeJepsen(line: string): boolean {
  return HEAD.test(line);
}

/**
 * Reads a log of Jepsen's register test: `INFO jepsen.util - <process> :<type> :<f> <value>`, separated by white space;
 * type `invoke`, `ok`, `fail` or `info`; f `read`, `write` or `cas`; value `nil`, a whole number, `[from to]` or
 * `:timed-out`. What the nemesis logs is passed over. A compare-and-set that failed found another value; a read or write that
 * failed had no effect and saw nothing; `info` leaves the call open.
 *
 * @throws CheckError `BAD_FORMAT` or `BAD_HISTORY`, with the line.
 */
export function readJepsen(text: string): History {
  return recordLines(text, parseLine).history();
}

function parseLine(text: string, line: number): HistoryLine | null {
  if (!HEAD.test(text)) throw badLine(line, "a line that begins with INFO jepsen.util -", text);
  const rest = text.replace(HEAD, "");
  if (NEMESIS.test(rest)) return null;
  const match = EVENT.exec(rest);
  if (match === null) throw badLine(line, "<process> :<type> :<f> <value>", text);
  const [, process = "", type = "", f = "", value = ""] = match;
  if (!FUNCTIONS.has(f)) throw badLine(line, ":read, :write or :cas", text);
  return {
    process: Number(process),
    type: typeOf(type, f, text, line),
    f,
    key: "",
    value: valueOf(value, type, f, text, line),
  };
}

function typeOf(type: string, f: string, text: string, line: number): HistoryLine["type"] {
  switch (type) {
    case "invoke":
    case "ok":
      return type;
    case "fail":
      return f === "cas" ? "fail" : "not-applied";
    case "info":
      return "unknown";
    default:
      throw badLine(line, "a type :invoke, :ok, :fail or :info", text);
  }
}

function valueOf(value: string, type: string, f: string, text: string, line: number): Value {
  if (type === "info" || type === "fail") return null;
  if (f === "cas") {
    const pair = /^\[(-?\d+)\s+(-?\d+)\]$/.exec(value);
    if (pair === null) throw badLine(line, "[from to] as the value of a cas", text);
    return [Number(pair[1]), Number(pair[2])];
  }
  if (/^-?\d+$/.test(value)) return Number(value);
  if (value === "nil" && f === "read") return null;
  throw badLine(line, f === "read" ? "nil or a whole number" : "a whole number", text);
}
