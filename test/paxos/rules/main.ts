// npm run rules -- [--rule N] [--json]: takes each rule out of a copy of the engine; a test must fail
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

import { nodeArguments, type Patch, withPlanted } from "../plant.ts";
import { type Removal, REMOVALS } from "./removals.ts";

const { values } = parseArgs({
  options: { rule: { type: "string", default: "" }, json: { type: "boolean", default: false } },
});

/** A test that runs longer than this over a planted engine failed, too: it never ends. */
const TEST_MS_MAX = 240_000;

/**
 * Whether the test passes on an engine with these patches. Throws if it neither passes nor fails by an assertion: a copy
 * that cannot even be loaded kills nothing.
 */
function passes(test: string, patches: readonly Patch[]): Promise<boolean> {
  return withPlanted(patches, async (folder) => {
    const child = spawn(process.execPath, nodeArguments(`test/paxos/${test}`), {
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
  });
}

interface Line {
  readonly rule: number;
  readonly without: string;
  readonly test: string;
  readonly killed: boolean;
  readonly seconds: number;
}

async function lineOf({ rule, without, patches, test }: Removal): Promise<Line> {
  const startedMs = performance.now();
  const killed = !(await passes(test, patches));
  const seconds = Math.round(performance.now() - startedMs) / 1_000;
  if (!values.json)
    process.stdout.write(`${killed ? "killed  " : "SURVIVED"} rule ${rule}: ${without} (${test}, ${seconds} s)\n`);
  return { rule, without, test, killed, seconds };
}

const removals = REMOVALS.filter(({ rule }) => values.rule === "" || rule === Number(values.rule));
if (removals.length === 0) {
  process.stderr.write(
    `no removal of rule ${values.rule}; there are ${[...new Set(REMOVALS.map(({ rule }) => rule))].join(", ")}\n`,
  );
  process.exit(2);
}

// A test that fails on the engine as it is kills nothing.
const broken: string[] = [];
for (const test of new Set(removals.map((removal) => removal.test))) if (!(await passes(test, []))) broken.push(test);
if (broken.length > 0 && !values.json) process.stdout.write(`FAIL WITHOUT ANY REMOVAL: ${broken.join(", ")}\n`);

const lines: Line[] = [];
for (const removal of removals) {
  const line = await lineOf(removal);
  lines.push({ ...line, killed: line.killed && !broken.includes(line.test) });
}
const killed = lines.filter((line) => line.killed).length;
if (values.json) process.stdout.write(`${JSON.stringify({ killed, of: lines.length, broken, lines })}\n`);
else process.stdout.write(`${killed} of ${lines.length} removals killed\n`);
process.exitCode = killed === lines.length ? 0 : 1;
