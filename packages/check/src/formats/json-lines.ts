import type { History } from "../history.ts";
import type { Scalar, Value } from "../operation.ts";
import { badLine, type HistoryLine, recordLines } from "./line-reader.ts";

/** Whether a first line is of this format. */
export function looksLikeJsonLines(line: string): boolean {
  return /^\{\s*"/.test(line);
}

/**
 * Reads one JSON object a line: `{"process": 0, "type": "invoke", "f": "put", "key": "k", "value": "v"}`.
 * - `process` whole number of 0 or more · `type` `invoke`, `ok`, `fail` or `info` · `f` a function of the model
 * - `key` a string or a whole number (`1` is the key `"1"`), `""` if left out, the same in both events of a call
 * - `value` argument of an invoke, result of an ok: a scalar or a list of scalars (`[from, to]` of a cas); `null` if left out
 * - `error`, of a fail: why it was *not applied*. A fail without it ran and found its condition unmet.
 *
 * Other fields are passed over. `info` leaves the call open: its outcome is unknown.
 *
 * @throws CheckError `BAD_FORMAT` or `BAD_HISTORY`, with the line.
 */
export function readJsonLines(text: string): History {
  return recordLines(text, parseLine).history();
}

function parseLine(text: string, line: number): HistoryLine {
  const event = parseObject(text, line);
  const { process, f, key = "", value = null } = event;
  if (!Number.isSafeInteger(process) || (process as number) < 0) throw badLine(line, `a "process" of 0 or more`, text);
  if (typeof f !== "string" || f === "") throw badLine(line, `the name of a function as "f"`, text);
  if (typeof key !== "string" && !Number.isSafeInteger(key))
    throw badLine(line, `a string or a whole number as "key"`, text);
  if (!isValue(value)) throw badLine(line, `a scalar or a list of scalars as "value"`, text);
  return { process: process as number, type: typeOf(event, text, line), f, key: String(key), value };
}

function parseObject(text: string, line: number): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw badLine(line, "one JSON object", text);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw badLine(line, "one JSON object", text);
  return parsed as Record<string, unknown>;
}

function typeOf(event: Record<string, unknown>, text: string, line: number): HistoryLine["type"] {
  switch (event["type"]) {
    case "invoke":
      return "invoke";
    case "ok":
      return "ok";
    case "fail":
      return event["error"] === undefined || event["error"] === null ? "fail" : "not-applied";
    case "info":
      return "unknown";
    default:
      throw badLine(line, `a "type" of invoke, ok, fail or info`, text);
  }
}

function isValue(value: unknown): value is Value {
  return Array.isArray(value) ? value.every(isScalarOfJson) : isScalarOfJson(value);
}

function isScalarOfJson(value: unknown): value is Scalar {
  return value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
