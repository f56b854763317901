/**
 * `npm run sim:mutants -- --json`: plants each bug of the kill table into a copy of the sources and hunts it with the general campaign.
 * Last line: `{"killed":…,"total":44,"survivors":[…]}`, of the rows of `--only` where that is given. Exit code 0: all were killed, survived without what reveals them, and the sources as
 * they stand broke nothing; 1: not so; 2: wrong usage.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { checksumOf, hunt, huntNothing, type HuntOptions, type HuntResult } from "./hunt.ts";
import { rowOf } from "./mutant.ts";
import { MUTANTS } from "./patches/index.ts";
import { readResults, type Results, withResult, writeResults } from "./results.ts";
import { missingOf, summaryOf, tableOf } from "./table.ts";

const USAGE = `npm run sim:mutants -- [options]
  --only 7,12b        rows or single mutants (default: all); they are hunted anew, whatever --resume knows; "clean": the sources without a patch
  --seed S            seed of the first run (default 1)
  --seconds T         simulated seconds of load and faults in each run (default 20)
  --cpu-minutes M     CPU time of one core for one hunt (default 30)
  --shrink N          runs that making a failure small may take (default 400)
  --quick             neither is a failure made small, nor is the control run
  --jobs N            hunts at a time (default 1)
  --resume FILE       results are kept there as they come; what it knows already is not hunted again
  --table FILE        writes the kill table of all results, such as docs/kill-table.md
  --json              results as JSON lines instead of words`;

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
  const what = `${id} killed by ${kill.invariant} in run ${kill.seeds}, ${kill.cpuSeconds} s of CPU, ${kill.faults.length} faults left`;
  if (control === null) return what;
  if (control.violation !== null) return `${what}; without them ${control.violation.invariant} in run ${control.seeds}`;
  return `${what}; survives ${control.seeds} runs without them${control.complete ? "" : " (time was over)"}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: "" },
      seed: { type: "string", default: "1" },
      seconds: { type: "string", default: "20" },
      "cpu-minutes": { type: "string", default: "30" },
      shrink: { type: "string", default: "400" },
      jobs: { type: "string", default: "1" },
      resume: { type: "string", default: "" },
      table: { type: "string", default: "" },
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
    shrinkRunsMax: values.quick ? 0 : numberOf("shrink", values.shrink, 0, 1e6),
    control: !values.quick,
  };
  const jobs = numberOf("jobs", values.jobs, 1, 64);
  const only = values.only === "" ? [] : values.only.split(",");
  for (const id of only) {
    if (id !== "clean" && !MUTANTS.some((mutant) => mutant.id === id || String(rowOf(mutant.id)) === id))
      throw new UsageError(`--only ${id}: there is no such row or mutant`);
  }
  const file = values.resume === "" ? "" : resolve(values.resume);
  let results: Results = readResults(file);
  const known = new Map(results.mutants.map((result) => [result.id, result.patches]));
  const queue = MUTANTS.filter((mutant) =>
    only.length > 0
      ? only.includes(mutant.id) || only.includes(String(rowOf(mutant.id)))
      : known.get(mutant.id) !== checksumOf(mutant),
  );
  const asked = [...queue];
  const failed: string[] = [];
  const work = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      try {
        const result = await hunt(mutant, options);
        results = withResult(results, result);
        writeResults(file, results);
        console.log(values.json ? JSON.stringify(result) : show(result));
      } catch (error) {
        failed.push(mutant.id);
        console.error(`${mutant.id} could not be hunted: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  if (only.length === 0 || only.includes("clean")) {
    const seeds = Math.max(50, ...results.mutants.map(({ kill }) => kill?.seeds ?? 0));
    if (only.length > 0 || results.clean === null || results.clean.seeds < seeds) {
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
  if (values.table !== "") writeFileSync(values.table, tableOf(MUTANTS, results));
  const summary =
    only.length > 0
      ? summaryOf(asked, results, [...new Set(asked.map(({ id }) => rowOf(id)))])
      : summaryOf(MUTANTS, results);
  const missing = missingOf(MUTANTS, results);
  if (missing.length > 0 && only.length === 0) console.error(`not hunted: ${missing.join(", ")}`);
  console.log(JSON.stringify(summary));
  const unclean = results.clean?.violation ?? null;
  const lucky = results.mutants.some(({ control }) => control !== null && control.violation !== null);
  return failed.length === 0 && unclean === null && !lucky && summary.survivors.length === 0 ? 0 : 1;
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
