import { assertJudgeable } from "../check.ts";
import { CheckError } from "../errors.ts";
import type { History } from "../history.ts";
import { casRegister } from "../models/cas-register.ts";
import { kv } from "../models/kv.ts";
import { modelByName } from "../models/model-by-name.ts";
import type { Model } from "../models/model.ts";
import { looksLikeJepsen, readJepsen } from "./jepsen.ts";
import { looksLikeJsonLines, readJsonLines } from "./json-lines.ts";
import { looksLikePorcupineKv, readPorcupineKv } from "./porcupine-kv.ts";

/** A format of history texts. */
export type HistoryFormat = "jepsen" | "porcupine-kv" | "json-lines";

/** A history that was read from text, and the model that it is to be judged with. */
export interface ReadHistory {
  readonly format: HistoryFormat;
  readonly history: History;
  readonly model: Model;
}

/** How a text is to be read. */
export interface ReadHistoryOptions {
  /** Name of the model (`register`, `cas-register`, `kv`, `mutex`); `""` lets format and functions tell. */
  readonly model: string;
}

/**
 * Reads a history of any format of this package; the first line that is not blank tells which.
 *
 * @throws CheckError `BAD_FORMAT` if the format is unknown or a line cannot be read, `BAD_HISTORY` if events contradict each
 *   other, `BAD_MODEL` if no model is named and none is told by the functions, or if the model does not know one of them.
 */
export function readHistory(text: string, options: ReadHistoryOptions = { model: "" }): ReadHistory {
  const format = formatOf(text);
  const history = READERS[format](text);
  const model = options.model === "" ? modelOf(format, history) : modelFor(format, options.model);
  assertJudgeable(history, model);
  return { format, history, model };
}

const READERS: Readonly<Record<HistoryFormat, (text: string) => History>> = {
  jepsen: readJepsen,
  "porcupine-kv": readPorcupineKv,
  "json-lines": readJsonLines,
};

function formatOf(text: string): HistoryFormat {
  const lines = text.split("\n");
  const index = lines.findIndex((line) => line.trim() !== "");
  const first = (lines[index] ?? "").trim();
  if (looksLikeJepsen(first)) return "jepsen";
  if (looksLikePorcupineKv(first)) return "porcupine-kv";
  if (looksLikeJsonLines(first)) return "json-lines";
  throw new CheckError(
    "BAD_FORMAT",
    `this is no history: expected INFO jepsen.util - …, {:process …} or a JSON object, found ${first === "" ? "nothing" : first.slice(0, 80)}`,
    index + 1,
  );
}

/** The model of that name; in the key-value histories of porcupine an absent key reads as `""`. */
function modelFor(format: HistoryFormat, name: string): Model {
  return format === "porcupine-kv" && name === "kv" ? kv("") : modelByName(name);
}

function modelOf(format: HistoryFormat, history: History): Model {
  if (format === "jepsen") return casRegister;
  if (format === "porcupine-kv") return kv("");
  const functions = new Set(history.operations.map((operation) => operation.f));
  if (["get", "put", "append", "delete"].some((f) => functions.has(f))) return kv();
  if (["acquire", "release"].some((f) => functions.has(f))) return modelByName("mutex");
  if (["read", "write", "cas"].some((f) => functions.has(f))) return casRegister;
  throw new CheckError(
    "BAD_MODEL",
    `no model is known for the functions ${[...functions].join(", ") || "of an empty history"}; name one`,
  );
}
