// npm run crash -- [--seconds N] [--folder PATH] [--seed N] [--json]: real processes, killed under load; exit code 1 if a claim does not hold.
import { parseArgs } from "node:util";

import { crashRun } from "./crash-run.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    folder: { type: "string", default: "." },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    json: { type: "boolean", default: false },
  },
});

/** The mulberry32 generator: small, seeded, good enough to choose whom to kill. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let hash = Math.imul(state ^ (state >>> 15), state | 1);
    hash ^= hash + Math.imul(hash ^ (hash >>> 7), hash | 61);
    return ((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (!(Number(values.seconds) >= 10) || !Number.isInteger(Number(values.seed))) {
  process.stderr.write("usage: npm run crash -- [--seconds N (10 or more)] [--folder PATH] [--seed N] [--json]\n");
  process.exit(2);
}
const { report, complaints } = await crashRun(Number(values.seconds), values.folder, generator(Number(values.seed)));
for (const complaint of complaints) process.stderr.write(`crash: ${complaint}\n`);
if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
else for (const [key, value] of Object.entries(report)) process.stdout.write(`${key.padEnd(14)} ${value}\n`);
process.exit(complaints.length === 0 ? 0 : 1);
