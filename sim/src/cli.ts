/**
 * `npm run sim -- --seeds 500 --seed 1 --seconds 60 --json`: simulates seed after seed. `--replay FILE`: a saved run once more.
 * Exit code 0: all held; 1: an invariant was broken, a run was not repeatable, or a long campaign missed what it must hit; 2: wrong usage, or a file that cannot be replayed.
 */
import { parseArgs } from "node:util";
import { type CampaignOptions, type CampaignResult, runCampaign, type Share } from "./campaign/campaign.ts";
import { endWithParent, runShares, tellParent } from "./campaign/shares.ts";
import { FAULT_KINDS, type FaultKind } from "./faults/schedule.ts";
import { readRepro, ReproError } from "./report/read-repro.ts";
import { replayRepro } from "./report/replay-repro.ts";
import type { Repro } from "./report/repro.ts";
import { writeFailure } from "./report/write-failure.ts";
import { type Plant, PLANTS } from "./world/config.ts";

const USAGE = `npm run sim -- [options]
  --seeds N         runs (default 20)
  --seed S          seed of the first (default 1); the others follow it
  --seconds T       simulated seconds of load and faults in each run (default 30)
  --for 60s         wall time instead of a count of runs (s, m or h)
  --jobs N          processes that share the runs, of one result (default 1)
  --share I/N       only every N-th run, from the I-th on: what each of them is told
  --nodes N         voters, 1 to 9 (default: drawn from the seed)
  --without FAULT   leaves a kind of fault out; may be given again. Kinds: ${FAULT_KINDS.join(", ")}
  --plant NAME      plants a mistake that must be found: sync-does-nothing, reads-are-stale
  --shrink N        runs that making a failure small may take (default 400; 0: keep it as it is)
  --out FOLDER      where repro-….json, trace-….txt, trace-….html and shiviz-….log go (default: here)
  --json            the last line of output is the result as JSON
  --replay FILE     one saved run, which must end as the file says`;

/** Wrong usage, in words. */
class UsageError extends Error {}

function numberOf(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not "${text}"`);
  }
  return value;
}

function durationMs(text: string): number {
  const found = /^(\d+)(s|m|h)$/u.exec(text);
  if (found === null) throw new UsageError(`--for must be a time such as 60s, 10m or 8h, not "${text}"`);
  return Number(found[1]) * { s: 1000, m: 60_000, h: 3_600_000 }[found[2] as "s" | "m" | "h"];
}

function shareOf(text: string): Share {
  const found = /^(\d{1,3})\/(\d{1,3})$/u.exec(text);
  const [index, of] = [Number(found?.[1]), Number(found?.[2])];
  if (index >= 1 && index <= of) return { index: index - 1, of };
  throw new UsageError(`--share must be a part such as 1/4, not "${text}"`);
}

function faultKind(text: string): FaultKind {
  const kind = FAULT_KINDS.find((each) => each === text);
  if (kind === undefined)
    throw new UsageError(`--without ${text}: there is no such fault; kinds are ${FAULT_KINDS.join(", ")}`);
  return kind;
}

function plantOf(text: string): Plant {
  const plant = PLANTS.find((each) => each === text);
  if (plant === undefined) throw new UsageError(`--plant ${text}: known are ${PLANTS.join(", ")}`);
  return plant;
}

/** One line that is written over again and again, where somebody looks. */
function live(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${line}\u001B[K`);
}

function showRepro({ invariant, sentence, witness, seed, story }: Repro): string {
  const faults = story.length === 0 ? "  (no fault is needed)" : story.map((line) => `  ${line}`).join("\n");
  return `seed ${seed}: ${invariant}: ${sentence}\n  ${witness}\nFaults:\n${faults}`;
}

async function replay(file: string): Promise<number> {
  const repro = readRepro(file);
  const { failure, hash, isSame } = await replayRepro(repro);
  console.log(failure === null ? "no invariant was broken" : `${failure.invariant}: ${failure.witness}`);
  console.log(isSame ? `the same run, hash ${hash}` : `another run: hash ${hash}, the file says ${repro.hash}`);
  return isSame ? 0 : 1;
}

function describe(result: CampaignResult): string {
  const rate = (result.simulatedSeconds / result.wallSeconds).toFixed(1);
  const hits = Object.entries(result.coverage).map(([name, count]) => `  ${name}: ${count}`);
  return [
    `${result.runs} runs, ${result.simulatedSeconds} simulated seconds in ${result.wallSeconds} s (${rate} per second), ${result.events} events`,
    `${result.violations} violations; ${result.takenTwice} runs taken twice, ${result.diverged} of them differed`,
    "Coverage:",
    ...hits,
    ...result.missed.map((name) => `MISSED: ${name}`),
  ].join("\n");
}

async function main(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      seeds: { type: "string" },
      seed: { type: "string", default: "1" },
      seconds: { type: "string", default: "30" },
      for: { type: "string" },
      jobs: { type: "string", default: "1" },
      share: { type: "string" },
      nodes: { type: "string" },
      without: { type: "string", multiple: true, default: [] },
      plant: { type: "string", default: "none" },
      shrink: { type: "string", default: "400" },
      out: { type: "string", default: "." },
      json: { type: "boolean", default: false },
      replay: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.replay !== undefined) return replay(values.replay);
  const isSoak = positionals[0] === "soak";
  if (positionals.length > (isSoak ? 1 : 0)) throw new UsageError(`"${positionals.at(-1)}" is not built`);
  const forText = values.for ?? (isSoak ? "1h" : null);
  const options: CampaignOptions = {
    seed: numberOf("seed", values.seed, 0, 2 ** 31 - 1),
    seeds: values.seeds !== undefined ? numberOf("seeds", values.seeds, 1, 1e9) : forText === null ? 20 : Infinity,
    seconds: numberOf("seconds", values.seconds, 1, 3600),
    nodes: values.nodes === undefined ? 0 : numberOf("nodes", values.nodes, 1, 9),
    without: values.without.map(faultKind),
    plant: plantOf(values.plant),
    forMs: forText === null ? Infinity : durationMs(forText),
    shrink: {
      runsMax: numberOf("shrink", values.shrink, 0, 1e6),
      progress: (runs, faults) => live(`making it small: run ${runs}, ${faults} faults are left`),
    },
    progress: (runs, simulatedSeconds, violations) =>
      live(`${runs} runs, ${Math.round(simulatedSeconds)} simulated seconds, ${violations} violations`),
    failed: ({ failure, shrinkRuns, minimal }) => {
      console.log(showRepro(failure));
      const files = writeFailure(values.out, failure).map((file) => `  ${file}`);
      const how = `after ${shrinkRuns} runs${minimal ? ": no single fault can be left out" : ""}`;
      console.log(`Made small ${how}. Saved as\n${files.join("\n")}\n`);
    },
  };
  if (values.share !== undefined && process.send !== undefined) {
    endWithParent();
    const progress: CampaignOptions["progress"] = (...progress) => tellParent({ progress });
    tellParent({ result: await runCampaign({ ...options, share: shareOf(values.share), progress }) });
    return 0;
  }
  const jobs = numberOf("jobs", values.jobs, 1, 64);
  const result =
    jobs > 1
      ? await runShares(words, jobs, options)
      : await runCampaign(values.share === undefined ? options : { ...options, share: shareOf(values.share) });
  if (process.stderr.isTTY) process.stderr.write("\n");
  console.log(values.json ? JSON.stringify(result) : describe(result));
  return result.violations + result.diverged + result.missed.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { code?: string }).code?.startsWith("ERR_PARSE_ARGS") === true;
  if (!isUsage && !(error instanceof ReproError)) throw error;
  console.error((error as Error).message + (isUsage ? `\n\n${USAGE}` : ""));
  process.exitCode = 2;
}
