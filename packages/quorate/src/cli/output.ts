import { QuorateError } from "@quorate/machine";

/** One line of JSON on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** One line on standard output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Rows under their column names, columns as wide as their widest cell. */
export function printTable(columns: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const cells = [columns, ...rows].map((row) => row.map(String));
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  for (const row of cells)
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    );
}

/** Why a command failed, in one line (or as JSON) on standard error. */
export function printError(error: unknown, json: boolean): void {
  const code = error instanceof QuorateError ? error.code : "";
  const message = error instanceof Error ? error.message : String(error);
  const outcome = error instanceof QuorateError ? error.outcome : "";
  if (json) process.stderr.write(`${JSON.stringify({ error: code, outcome, message })}\n`);
  else process.stderr.write(`quorate: ${message}${code === "" ? "" : ` (${code})`}\n`);
}
