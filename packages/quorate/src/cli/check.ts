import { readFileSync } from "node:fs";

import type { Command } from "commander";

import { check, CheckError, type CheckResult, MODEL_NAMES, readHistory, STEPS_MAX_DEFAULT } from "@quorate/check";
import { wholeNumber } from "./options.ts";
import { print, printJson } from "./output.ts";

interface CheckCommandOptions {
  readonly model: string;
  readonly stepsMax: number;
  readonly json: boolean;
}

const NOT_LINEARIZABLE = 1;
const UNKNOWN = 3;
const UNREADABLE = 2;

const JSON_LINES = `
JSON lines, one event each:
  {"process": 0, "type": "invoke", "f": "cas", "key": "k", "value": ["a", "b"]}
type is invoke, ok, fail or info; key is a string or a whole number; value is the argument of an invoke, the result of an ok.
A fail without "error" ran and found its condition unmet, such as a compare-and-set that found another value: what it found counts.
A fail with "error" was not applied. An info may have been.`;

/** `quorate check`: whether recorded histories are linearizable. Exit code 0: all are; 1: one is not; 3: one stayed unknown; 2: one cannot be read. */
export function addCheck(program: Command): void {
  program
    .command("check")
    .description("whether histories are linearizable")
    .argument("<files...>", "Jepsen logs, key-value logs, or JSON lines")
    .option("--model <name>", `one of ${MODEL_NAMES.join(", ")}, where the format does not say`, "")
    .option(
      "--steps-max <count>",
      "steps tried in one history before it stays unknown",
      wholeNumber(1, 2 ** 40),
      STEPS_MAX_DEFAULT,
    )
    .option("--json", "print JSON", false)
    .addHelpText("after", JSON_LINES)
    .action((files: string[], options: CheckCommandOptions) => {
      const codes = files.map((file) => checkFile(file, options));
      const worst = [UNREADABLE, NOT_LINEARIZABLE, UNKNOWN].find((code) => codes.includes(code));
      process.exitCode = worst ?? 0;
    });
}

function checkFile(file: string, { model, stepsMax, json }: CheckCommandOptions): number {
  let result: CheckResult;
  try {
    const read = readHistory(readFileSync(file, "utf8"), { model });
    result = check(read.history, read.model, { stepsMax });
  } catch (error) {
    const readable = error instanceof CheckError || (error as NodeJS.ErrnoException).syscall !== undefined;
    if (!readable) throw error;
    const message = (error as Error).message;
    if (json) printJson({ file, verdict: "unreadable", message });
    else process.stderr.write(`quorate: ${file}: ${message}\n`);
    return UNREADABLE;
  }
  const { verdict, firstBadEvent, witness, steps } = result;
  if (json) printJson({ file, verdict, firstBadEvent, witness, steps });
  else if (verdict === "not-linearizable")
    print(`${file}: not linearizable, first at event ${firstBadEvent}: ${witness?.text ?? ""}`);
  else print(`${file}: ${verdict}`);
  return verdict === "linearizable" ? 0 : verdict === "unknown" ? UNKNOWN : NOT_LINEARIZABLE;
}
