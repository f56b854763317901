import { INVARIANTS } from "../invariants/catalogue.ts";
import type { Kill } from "./child.ts";
import { checksumOf, type HuntResult } from "./hunt.ts";
import { type Mutant, rowOf } from "./mutant.ts";
import type { Results } from "./results.ts";

/** Rows of the kill table. */
export const ROWS = 44;

/** The last line of the command. */
export interface Summary {
  /** Rows of which every mutant was killed. */
  readonly killed: number;
  /** Rows asked for. */
  readonly total: number;
  /** Mutants that were not killed, and rows of which there is none. */
  readonly survivors: readonly string[];
}

/** Results of these very mutants, by id. */
function resultsOf(mutants: readonly Mutant[], results: Results): Map<string, HuntResult> {
  const current = new Map(mutants.map((mutant) => [mutant.id, checksumOf(mutant)]));
  const found = results.mutants.filter(({ id, patches }) => current.get(id) === patches);
  return new Map(found.map((result) => [result.id, result]));
}

/** Mutants that were not hunted yet, or with other patches. */
export function missingOf(mutants: readonly Mutant[], results: Results): readonly string[] {
  const found = resultsOf(mutants, results);
  return mutants.map(({ id }) => id).filter((id) => !found.has(id));
}

const ALL_ROWS = Array.from({ length: ROWS }, (_, index) => index + 1);

/** How many of `rows` are killed. Default: of the whole table. */
export function summaryOf(mutants: readonly Mutant[], results: Results, rows: readonly number[] = ALL_ROWS): Summary {
  const found = resultsOf(mutants, results);
  const survivors: string[] = [];
  let killed = 0;
  for (const row of rows) {
    const ofRow = mutants.filter(({ id }) => rowOf(id) === row).map(({ id }) => id);
    const left = ofRow.filter((id) => (found.get(id)?.kill ?? null) === null);
    if (ofRow.length === 0) survivors.push(String(row));
    else if (left.length === 0) killed += 1;
    survivors.push(...left);
  }
  return { killed, total: rows.length, survivors };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function controlOf({ revealedBy }: Mutant, { kill, control }: HuntResult): string {
  if (kill === null) return "–";
  if (revealedBy === "contention") return "contention alone reveals it";
  if (control === null) return "not run";
  const without = `without ${revealedBy.join(", ")}`;
  if (control.violation !== null) return `**${control.violation.invariant}** after ${control.seeds} runs ${without}`;
  return `survives ${control.seeds} runs ${without}${control.complete ? "" : " (time was over)"}`;
}

function sizeOf({ faults, minimal, isSmall }: Kill): string {
  if (!isSmall) return "not made small";
  return `${faults.length}${minimal ? "" : " (not minimal)"}`;
}

function lineOf(mutant: Mutant, result: HuntResult | undefined): string {
  const what = mutant.standsFor === undefined ? mutant.what : `${mutant.what} *(${mutant.standsFor})*`;
  if (result === undefined) return `| ${mutant.id} | ${what} | not hunted | | | | |`;
  const { kill } = result;
  if (kill === null)
    return `| ${mutant.id} | ${what} | **survived ${result.runs}** | ${result.cpuSeconds} | – | – | – |`;
  return `| ${mutant.id} | ${what} | ${kill.seeds} | ${kill.cpuSeconds} | ${kill.invariant} | ${sizeOf(kill)} | ${controlOf(mutant, result)} |`;
}

/** The kill table as a page. */
export function tableOf(mutants: readonly Mutant[], results: Results): string {
  const found = resultsOf(mutants, results);
  const { killed, survivors } = summaryOf(mutants, results);
  const kills = [...found.values()].flatMap(({ kill }) => (kill === null ? [] : [kill]));
  const tripped = [...new Set(kills.map(({ invariant }) => invariant))].sort();
  const median = medianOf(kills.map(({ cpuSeconds }) => cpuSeconds));
  const small = kills.filter(({ isSmall }) => isSmall);
  const most = Math.max(0, ...small.map(({ faults }) => faults.length));
  const smallness =
    small.length === 0
      ? "None was made small in this hunt."
      : `${small.length} of them were made small: at most ${most} faults are left.`;
  const survived = [...found.values()].filter(({ kill }) => kill === null);
  const longest = Math.max(0, ...survived.map(({ cpuSeconds }) => cpuSeconds));
  const patience = survived.length === 0 ? "" : `What survived was hunted for no more than ${longest} s each.`;
  const clean =
    results.clean === null
      ? "The sources without a patch were not run."
      : results.clean.violation === null
        ? `The sources without a patch broke nothing in ${results.clean.seeds} runs of the same seeds.`
        : `**The sources without a patch broke ${results.clean.violation.invariant}** in run ${results.clean.seeds}: ${results.clean.violation.witness}`;
  return `# The kill table

What the simulator is worth is what it finds. Each row below is a bug that systems of this kind have had, planted into a copy of the
production sources as an exact patch ([sim/src/mutants/patches](../sim/src/mutants/patches)), and hunted by the general campaign: the
distribution of \`npm run sim\`, seed after seed from the first on, with nothing written for the bug. This page is generated:
\`npm run sim:mutants -- --resume FILE --table docs/kill-table.md\`.

**${killed} of ${ROWS} rows are killed**${survivors.length === 0 ? "" : `; not killed: ${survivors.join(", ")}`}. ${kills.length} of ${mutants.length} patches; the median kill
takes ${median} s of one core. ${smallness} ${patience} ${clean}

- **Runs**: seeds to the first violation, each ${results.mutants[0]?.seconds ?? 20} simulated seconds of load and faults, then healing.
- **CPU**: seconds of one core up to it, the start of the process included, making it small not.
- **Faults**: what is left of the schedule when no single fault can be taken out.
- **Control**: the same campaign without the kinds of faults that reveal the bug, for twice the seeds of the kill and at least 50. Where
  contention alone reveals it, leaving faults out proves nothing, and no control is run.

| Row | What is wrong | Runs | CPU s | Invariant | Faults | Control |
| --- | --- | --- | --- | --- | --- | --- |
${mutants.map((mutant) => lineOf(mutant, found.get(mutant.id))).join("\n")}

## The invariants that tripped

${tripped.map((id) => `- **${id}**: ${INVARIANTS[id]}`).join("\n")}
`;
}
