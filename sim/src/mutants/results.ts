import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Control, HuntResult } from "./hunt.ts";

/** What is known so far, as a file that grows with each mutant. */
export interface Results {
  readonly format: 2;
  /** The sources without a patch; null: not run. */
  readonly clean: Control | null;
  readonly mutants: readonly HuntResult[];
}

/** Empty if there is no such file. @throws Error if it is no file of results. */
export function readResults(file: string): Results {
  if (file === "" || !existsSync(file)) return { format: 2, clean: null, mutants: [] };
  const results = JSON.parse(readFileSync(file, "utf8")) as Partial<Results>;
  if (results.format !== 2 || !Array.isArray(results.mutants)) throw new Error(`${file} holds no results of mutants`);
  return results as Results;
}

/** Whole or not at all: a run that is stopped loses no earlier result. */
export function writeResults(file: string, results: Results): void {
  if (file === "") return;
  writeFileSync(`${file}.new`, `${JSON.stringify(results, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** With `result` in the place of an earlier one of the same mutant. */
export function withResult(results: Results, result: HuntResult): Results {
  return { ...results, mutants: [...results.mutants.filter(({ id }) => id !== result.id), result] };
}
