// npm run rules -- [--rule N] [--json]: takes each rule out of a copy of the sources; a test must fail
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

import { nodeArguments, type Patch, withPlanted } from "@quorate/sim/mutants";
import type { Removal } from "./removal.ts";
import { REMOVALS } from "./removals.ts";

const { values } = parseArgs({
  options: { rule: { type: "string", default: "" }, json: { type: "boolean", default: false } },
});

/** A test that runs longer than this over planted sources failed, too: it never ends. */
const TEST_MS_MAX = 240_000;

/**
 * Whether the test passes on sources with these patches. Throws if it neither passes nor fails by an assertion: a copy
 * that cannot even be loaded kills nothing.
 */
function passes(test: string, patches: readonly Patch[]): Promise<boolean> {
  const run = async (folder: string): Promise<boolean> => {
    const child = spawn(process.execPath, nodeArguments(test), {
      cwd: folder,
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, SCHEDULES_FAST: "1" },
      timeout: TEST_MS_MAX,
    });
    const [said, [code, signal]] = (await Promise.all([text(child.stdout), once(child, "close")])) as [
      string,
      [number | null, string | null],
    ];
    if (code === 0) return true;
    if (signal === null && !/^not ok /m.test(said)) throw new Error(`${test} could not be run: ${said}`);
    return false;
  };
  return withPlanted(patches, run, ["test"]);
}

/** Does `work` for each item, as many at a time as there are processors. Results in the order of the items. */
async function eachAtOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]!);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

interface Line {
  readonly rule: number;
  readonly without: string;
  readonly test: string;
  readonly killed: boolean;
  readonly seconds: number;
}

async function lineOf({ rule, without, patches, test }: Removal, broken: readonly string[]): Promise<Line> {
  const startedMs = performance.now();
  const killed = !(await passes(test, patches)) && !broken.includes(test);
  const seconds = Math.round(performance.now() - startedMs) / 1_000;
  const line = { rule, without, test, killed, seconds };
  if (values.json) process.stdout.write(`${JSON.stringify(line)}\n`);
  else process.stdout.write(`${killed ? "killed  " : "SURVIVED"} rule ${rule}: ${without} (${test}, ${seconds} s)\n`);
  return line;
}

const removals = REMOVALS.filter(({ rule }) => values.rule === "" || rule === Number(values.rule));
if (removals.length === 0) {
  process.stderr.write(
    `no removal of rule ${values.rule}; there are ${[...new Set(REMOVALS.map(({ rule }) => rule))].join(", ")}\n`,
  );
  process.exit(2);
}

// A test that fails on the sources as they are kills nothing.
const tests = [...new Set(removals.map(({ test }) => test))];
const sound = await eachAtOnce(tests, (test) => passes(test, []));
const broken = tests.filter((_, index) => !sound[index]);
if (broken.length > 0) process.stderr.write(`FAIL WITHOUT ANY REMOVAL: ${broken.join(", ")}\n`);

const lines = await eachAtOnce(removals, (removal) => lineOf(removal, broken));
const survivors = lines.filter(({ killed }) => !killed).map(({ rule, without }) => `${rule}: ${without}`);
const killed = lines.length - survivors.length;
if (values.json) process.stdout.write(`${JSON.stringify({ removals: lines.length, killed, survivors })}\n`);
else process.stdout.write(`${killed} of ${lines.length} removals killed\n`);
process.exitCode = survivors.length === 0 ? 0 : 1;
