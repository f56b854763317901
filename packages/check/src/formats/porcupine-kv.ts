import type { History } from "../history.ts";
import { badLine, type HistoryLine, recordLines } from "./line-reader.ts";

const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const EVENT = new RegExp(
  String.raw`^\{:process (\d+), :type :(\w+), :f :(\w+), :key (${STRING}), :value (nil|${STRING})\}$`,
);
const TYPES: Readonly<Record<string, HistoryLine["type"]>> = {
  invoke: "invoke",
  ok: "ok",
  fail: "not-applied",
  info: "unknown",
};
const FUNCTIONS: ReadonlySet<string> = new Set(["get", "put", "append"]);

/** Whether a first line is of this format. */
export function looksLikePorcupineKv(line: string): boolean {
  return line.startsWith("{:process");
}

/**
 * Reads a key-value history as the tests of porcupine keep it, one event a line:
 * `{:process P, :type :invoke|:ok|:fail|:info, :f :get|:put|:append, :key "K", :value nil|"V"}`. An absent key reads as `""`.
 *
 * @throws CheckError `BAD_FORMAT` or `BAD_HISTORY`, with the line.
 */
export function readPorcupineKv(text: string): History {
  return recordLines(text, parseLine).history();
}

function parseLine(text: string, line: number): HistoryLine {
  const match = EVENT.exec(text);
  if (match === null) throw badLine(line, `{:process P, :type :T, :f :F, :key "K", :value nil|"V"}`, text);
  const [, process = "", typeName = "", f = "", key = "", value = ""] = match;
  const type = TYPES[typeName];
  if (type === undefined) throw badLine(line, "a type :invoke, :ok, :fail or :info", text);
  if (!FUNCTIONS.has(f)) throw badLine(line, ":get, :put or :append", text);
  if (value === "nil" && ((type === "invoke" && f !== "get") || (type === "ok" && f === "get"))) {
    throw badLine(line, `a string as the value of this ${f}`, text);
  }
  return {
    process: Number(process),
    type,
    f,
    key: unquote(key, line, text),
    value: value === "nil" ? null : unquote(value, line, text),
  };
}

function unquote(quoted: string, line: number, text: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw badLine(line, "strings with the escapes of JSON", text);
  }
}
