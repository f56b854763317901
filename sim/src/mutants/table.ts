import { FAULT_KINDS } from "../faults/schedule.ts";
import { INVARIANTS } from "../invariants/catalogue.ts";
import type { Kill } from "./child.ts";
import { checksumOf, HUNT_SECONDS, type HuntResult } from "./hunt.ts";
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

function controlOf(mutant: Mutant, { kill, control }: HuntResult): string {
  if (kill === null) return "–";
  if (control === null) return mutant.revealedBy === "contention" ? "contention reveals it; not run" : "not run";
  const { violation, seeds, complete } = control;
  const isWithoutAny = control.without.length === FAULT_KINDS.length;
  const without = isWithoutAny ? "without any fault" : `without ${control.without.join(", ")}`;
  const held = `survives ${seeds} runs ${without}${complete ? "" : " (time was over)"}`;
  if (mutant.revealedBy !== "contention") {
    return violation === null ? held : `**${violation.invariant} in run ${seeds} ${without}**`;
  }
  return violation === null
    ? `contention alone reveals it, whichever faults bring it about: ${held}`
    : `contention alone reveals it, that of clients: ${violation.invariant} in run ${seeds} ${without}`;
}

function sizeOf({ faultsBefore, faults, kinds, minimal, isSmall }: Kill): string {
  if (!isSmall) return "not made small";
  const left = faults.length === 0 ? "" : `: ${kinds.join(", ")}`;
  return `${faultsBefore} → ${faults.length}${left}${minimal ? "" : " (not minimal)"}`;
}

function lineOf(mutant: Mutant, result: HuntResult | undefined): string {
  const what = mutant.standsFor === undefined ? mutant.what : `${mutant.what} *(${mutant.standsFor})*`;
  if (result === undefined) return `| ${mutant.id} | ${what} | not hunted | | | | |`;
  const { kill } = result;
  if (kill === null)
    return `| ${mutant.id} | ${what} | **survived ${result.runs}** | ${result.cpuSeconds} | – | – | – |`;
  return `| ${mutant.id} | ${what} | ${kill.seeds} | ${kill.cpuSeconds} | ${kill.invariant} | ${sizeOf(kill)} | ${controlOf(mutant, result)} |`;
}

function smallnessOf(kills: readonly Kill[]): string {
  const small = kills.filter(({ isSmall }) => isSmall);
  if (small.length === 0) return "None was made small.";
  const left = small.map(({ faults }) => faults.length);
  const minimal = small.filter((kill) => kill.minimal).length;
  const seconds = medianOf(small.map((kill) => kill.cpuSeconds + kill.shrinkCpuSeconds));
  return `${small.length} of the kills were made small: at most ${Math.max(...left)} faults are left, ${medianOf(left)} in the median, of
${medianOf(small.map(({ faultsBefore }) => faultsBefore))}; of ${minimal === small.length ? "each" : minimal} it was shown that no single one can go. With that the median takes ${seconds.toFixed(1)} s.`;
}

function cleanOf({ clean }: Results): string {
  if (clean === null) return "The sources without a patch were not run.";
  if (clean.violation === null)
    return `The sources without a patch broke nothing in ${clean.seeds} runs of the same seeds.`;
  return `**The sources without a patch broke ${clean.violation.invariant}** in run ${clean.seeds}: ${clean.violation.witness}`;
}

/** Which results are of sources other than those with this digest. */
function staleOf(found: ReadonlyMap<string, HuntResult>, sources: string): string {
  const stale = [...found.values()].filter((result) => result.sources !== sources).map(({ id }) => id);
  if (stale.length === 0) return "";
  return stale.length === found.size
    ? "Since then the sources were changed, such as for speed."
    : `Since then the sources were changed for ${stale.join(", ")}.`;
}

/**
 * The kill table as a page.
 *
 * @param sources - digest of the sources as they stand.
 */
export function tableOf(mutants: readonly Mutant[], results: Results, sources: string): string {
  const found = resultsOf(mutants, results);
  const { killed, survivors } = summaryOf(mutants, results);
  const kills = [...found.values()].flatMap(({ kill }) => (kill === null ? [] : [kill]));
  const tripped = [...new Set(kills.map(({ invariant }) => invariant))].sort();
  const median = medianOf(kills.map(({ cpuSeconds }) => cpuSeconds));
  const longestKill = Math.max(0, ...kills.map(({ cpuSeconds }) => cpuSeconds));
  const survived = [...found.values()].filter(({ kill }) => kill === null);
  const longest = Math.max(0, ...survived.map(({ cpuSeconds }) => cpuSeconds));
  const patience = survived.length === 0 ? "" : `What survived was hunted for no more than ${longest} s each.`;
  return `# The kill table

What the simulator is worth is what it finds. Each row below is a bug that systems of this kind have had, planted into a copy of the
production sources as an exact patch ([sim/src/mutants/patches](../sim/src/mutants/patches)), and hunted by the general campaign: the
distribution of \`npm run sim\`, seed after seed from the first on, with nothing written for the bug. This page is generated:
\`npm run sim:mutants -- --resume FILE --table docs/kill-table.md\`.

**${killed} of ${ROWS} rows are killed**${survivors.length === 0 ? "" : `; not killed: ${survivors.join(", ")}`}. ${kills.length} of ${mutants.length} patches; the median kill
takes ${median.toFixed(1)} s of one core, the longest ${longestKill.toFixed(0)} s. ${[patience, cleanOf(results), staleOf(found, sources)].filter((each) => each !== "").join(" ")}

${smallnessOf(kills)}

- **Runs**: seeds to the first violation, each ${results.mutants[0]?.seconds ?? HUNT_SECONDS} simulated seconds of load and faults, then healing.
- **CPU s**: seconds of one core up to it, the start of the process included, making it small not.
- **Faults**: of the schedule of that run → what is left of them when no single one can be taken out, and which kinds these are.
- **Control**: the same campaign without the kinds of faults that reveal the bug, for twice the seeds of the kill and at least 50: it must
  survive. Where contention alone reveals it, leaving single kinds out proves nothing: what is told is what comes of it without any fault.

| Row | What is wrong | Runs | CPU s | Invariant | Faults | Control |
| --- | --- | --- | --- | --- | --- | --- |
${mutants.map((mutant) => lineOf(mutant, found.get(mutant.id))).join("\n")}

## The invariants that tripped

${tripped.map((id) => `- **${id}**: ${INVARIANTS[id]}`).join("\n")}
`;
}
