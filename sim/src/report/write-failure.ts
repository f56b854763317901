import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tracePage } from "./page/trace-page.ts";
import { type Repro, writeRepro } from "./repro.ts";
import { traceText } from "./trace/trace-text.ts";
import type { Trace } from "./trace/trace.ts";
import { shivizLog } from "./trace/vector-clocks.ts";

/** A failure, made small: the file that replays, and what happened in its run. */
export interface Failure extends Repro {
  readonly trace: Trace;
}

/**
 * Writes `repro-SEED-ID.json`, `trace-SEED-ID.txt`, `trace-SEED-ID.html` and `shiviz-SEED-ID.log` into `folder`, which is made if it is not there.
 *
 * @returns the files, in this order.
 */
export function writeFailure(folder: string, { trace, ...repro }: Failure): readonly string[] {
  mkdirSync(folder, { recursive: true });
  const name = `${repro.seed}-${repro.invariant}`;
  const files = [`repro-${name}.json`, `trace-${name}.txt`, `trace-${name}.html`, `shiviz-${name}.log`] as const;
  const [reproFile, text, page, shiviz] = files.map((file) => join(folder, file)) as [string, string, string, string];
  writeRepro(reproFile, repro);
  writeFileSync(text, textPage(repro, trace));
  writeFileSync(page, tracePage(repro, trace));
  writeFileSync(shiviz, shivizLog(trace));
  return [reproFile, text, page, shiviz];
}

function textPage(repro: Repro, trace: Trace): string {
  const { invariant, sentence, witness, seed, hash, story, ledger, neighbours } = repro;
  return [
    `${invariant}: ${sentence}`,
    `  ${witness}`,
    `seed ${seed}, hash ${hash}`,
    "",
    "Faults:",
    ...(story.length === 0 ? ["  none is needed"] : story.map((line, index) => `  ${index + 1}. ${line}`)),
    ...ledger.map((line) => `  ${line}`),
    ...neighbours.map((line) => `  ${line}`),
    "",
    "What happened, without messages:",
    traceText(trace, false),
    "With messages:",
    traceText(trace, true),
  ].join("\n");
}
