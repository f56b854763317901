/**
 * `npm run sim:mutants -- --json`: plants each bug of the kill table into a copy of the sources and hunts it with the general campaign.
 * Last line: `{"killed":…,"total":44,"survivors":[…]}`, of the rows of `--only` where that is given. Exit code 0: all were killed, survived without what reveals them, and the sources as
 * they stand broke nothing; 1: not so; 2: wrong usage.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { FAULT_KINDS } from "../faults/schedule.ts";
import {
  hunt,
  HUNT_SECONDS,
  huntNothing,
  type HuntOptions,
  type HuntResult,
  huntSmaller,
  huntWithout,
} from "./hunt.ts";
import { type Mutant, rowOf } from "./mutant.ts";
import { MUTANTS } from "./patches/index.ts";
import { isAsExpected, nextStep, type Step, type Wishes } from "./plan.ts";
import { readResults, type Results, withResult, writeResults } from "./results.ts";
import { digestOfSources } from "./sources.ts";
import { missingOf, summaryOf, tableOf } from "./table.ts";

const USAGE = `npm run sim:mutants -- [options]
  --only 7,12b        rows or single mutants (default: all), hunted in this order; "clean": the sources without a patch
  --seed S            seed of the first run (default 1)
  --seconds T         simulated seconds of load and faults in each run (default ${HUNT_SECONDS})
  --cpu-minutes M     CPU time of one core for one hunt (default 30)
  --shrink S          CPU seconds that making a failure small may take (default 120)
  --quick             neither is a failure made small, nor is the control run
  --jobs N            hunts at a time (default 1)
  --resume FILE       results are kept there as they come: what is known already is not done again
  --anew              what the file knows of the mutants asked for is forgotten
  --table FILE        writes the kill table of all results, such as docs/kill-table.md
  --json              results as JSON lines instead of words`;

/** What each step is. */
const STEPS: Readonly<
  Record<Step, (mutant: Mutant, result: HuntResult | undefined, options: HuntOptions) => Promise<HuntResult>>
> = {
  hunt: (mutant, _, options) => hunt(mutant, options),
  shrink: (mutant, result, options) => huntSmaller(mutant, result!, options),
  control: (mutant, result, options) => huntWithout(mutant, result!, options),
};

/** Wrong usage, in words. */
class UsageError extends Error {}

function numberOf(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text !== "" && value >= min && value <= max) return value;
  throw new UsageError(`--${name} must be a number from ${min} to ${max}, not "${text}"`);
}

/** In words, one line. */
function show({ id, runs, cpuSeconds, kill, control }: HuntResult): string {
  if (kill === null) return `${id} SURVIVED ${runs} runs, ${cpuSeconds} s of CPU`;
  if (control === null) {
    const small = `${kill.faultsBefore} faults, ${kill.faults.length} left after ${kill.shrinkRuns} runs and ${kill.shrinkCpuSeconds} s${kill.minimal ? "" : " (NOT MINIMAL)"}`;
    return `${id} killed by ${kill.invariant} in run ${kill.seeds}, ${kill.cpuSeconds} s of CPU; ${kill.isSmall ? small : "not made small"}`;
  }
  const without = control.without.length === FAULT_KINDS.length ? "any fault" : control.without.join(", ");
  const is = control.violation === null ? "survives" : `breaks ${control.violation.invariant} in run`;
  return `${id} without ${without} ${is} ${control.seeds}, ${control.cpuSeconds} s of CPU${control.complete || control.violation !== null ? "" : " (time was over)"}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: "" },
      seed: { type: "string", default: "1" },
      seconds: { type: "string", default: String(HUNT_SECONDS) },
      "cpu-minutes": { type: "string", default: "30" },
      shrink: { type: "string", default: "120" },
      jobs: { type: "string", default: "1" },
      resume: { type: "string", default: "" },
      table: { type: "string", default: "" },
      anew: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const options: HuntOptions = {
    seed: numberOf("seed", values.seed, 0, 2 ** 31 - 1),
    seconds: numberOf("seconds", values.seconds, 1, 3600),
    cpuMinutes: numberOf("cpu-minutes", values["cpu-minutes"], 0.01, 600),
    shrinkCpuSecondsMax: values.quick ? 0 : numberOf("shrink", values.shrink, 0, 1e6),
  };
  const wishes: Wishes = { ...options, control: !values.quick };
  const jobs = numberOf("jobs", values.jobs, 1, 64);
  const only = values.only === "" ? [] : values.only.split(",");
  const asked = only.length === 0 ? MUTANTS : only.flatMap(named);
  const file = values.resume === "" ? "" : resolve(values.resume);
  let results: Results = readResults(file);
  if (values.anew)
    results = { ...results, mutants: results.mutants.filter(({ id }) => !asked.some((each) => each.id === id)) };
  const taken = new Set<Mutant>();
  const failed: string[] = [];
  const resultOf = (mutant: Mutant): HuntResult | undefined => results.mutants.find(({ id }) => id === mutant.id);
  /** All hunts before the controls, and of these the short ones first: an end in the middle leaves most of the table. */
  const next = (): readonly [Mutant, Step] | null => {
    const open = asked.flatMap((mutant) => {
      const step = taken.has(mutant) ? null : nextStep(mutant, resultOf(mutant), wishes);
      return step === null ? [] : [[mutant, step] as const];
    });
    const runsOf = (mutant: Mutant): number => resultOf(mutant)?.kill?.seeds ?? 0;
    const controls = [...open].sort(([one], [other]) => runsOf(one) - runsOf(other));
    return open.find(([, step]) => step !== "control") ?? controls[0] ?? null;
  };
  const work = async (): Promise<void> => {
    for (let task = next(); task !== null; task = next()) {
      const [mutant, step] = task;
      taken.add(mutant);
      try {
        const result = await STEPS[step](mutant, resultOf(mutant), options);
        results = withResult(results, result);
        writeResults(file, results);
        console.log(values.json ? JSON.stringify(result) : show(result));
        taken.delete(mutant);
      } catch (error) {
        failed.push(mutant.id);
        console.error(`${mutant.id}: ${step}: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  if (only.length === 0 || only.includes("clean")) {
    const seeds = Math.max(50, ...results.mutants.map(({ kill }) => kill?.seeds ?? 0));
    if (values.anew || results.clean === null || results.clean.seeds < seeds) {
      const clean = await huntNothing(seeds, options);
      results = { ...results, clean };
      writeResults(file, results);
      console.log(
        values.json
          ? JSON.stringify({ clean })
          : `no patch: ${clean.violation?.invariant ?? "nothing"} in ${clean.seeds} runs`,
      );
    }
  }
  if (values.table !== "") writeFileSync(values.table, tableOf(MUTANTS, results, digestOfSources()));
  const summary =
    only.length > 0
      ? summaryOf(asked, results, [...new Set(asked.map(({ id }) => rowOf(id)))])
      : summaryOf(MUTANTS, results);
  const missing = missingOf(MUTANTS, results);
  if (missing.length > 0 && only.length === 0) console.error(`not hunted: ${missing.join(", ")}`);
  console.log(JSON.stringify(summary));
  const unclean = results.clean?.violation ?? null;
  const odd = asked.filter((mutant) => !isAsExpected(mutant, resultOf(mutant)?.control ?? null)).map(({ id }) => id);
  if (odd.length > 0) console.error(`not even without what should reveal them do they survive: ${odd.join(", ")}`);
  return failed.length + odd.length + summary.survivors.length === 0 && unclean === null ? 0 : 1;
}

function named(name: string): readonly Mutant[] {
  const found = MUTANTS.filter(({ id }) => id === name || String(rowOf(id)) === name);
  if (found.length === 0 && name !== "clean") throw new UsageError(`--only ${name}: there is no such row or mutant`);
  return found;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS") === true;
  if (!isUsage) throw error;
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}
