// npm run bench -- engine|apply [--seconds N] [--value-bytes N] [--json]
// npm run bench -- window [--value-bytes N] [--json]
// npm run bench -- sim [--seconds N] [--json]
// npm run bench -- put|get|lock [--callers N] [--connections N] [--seconds N] [--value-bytes N] [--folder PATH] [--json]
// npm run bench -- wal [--seconds N] [--folder PATH] [--json]
// npm run bench -- recover [--writes N] [--keys N] [--value-bytes N] [--folder PATH] [--json]
// npm run bench -- memory [--nodes N] [--writes N] [--keys N] [--value-bytes N] [--folder PATH] [--json]
// npm run bench -- snapshot [--keys N] [--value-bytes N] [--folder PATH] [--json]
import { parseArgs } from "node:util";

import { applyCost } from "./apply.ts";
import { runLoad } from "./cluster-load.ts";
import { engineRates } from "./engine.ts";
import { memoryUse } from "./memory.ts";
import { recoverTimes } from "./recover.ts";
import { simRates } from "./sim.ts";
import { snapshotStall } from "./snapshot.ts";
import { fileSystemOf } from "./sync-rate.ts";
import { walRates } from "./wal.ts";
import { windowLines } from "./window.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    callers: { type: "string", default: "256" },
    connections: { type: "string", default: "8" },
    seconds: { type: "string", default: "8" },
    "value-bytes": { type: "string", default: "256" },
    nodes: { type: "string", default: "3" },
    writes: { type: "string", default: "1000000" },
    keys: { type: "string" },
    folder: { type: "string", default: "." },
    json: { type: "boolean", default: false },
  },
});

const { folder } = values;
const seconds = Number(values.seconds);
const writes = Number(values.writes);
const valueBytes = Number(values["value-bytes"]);
const keys = (usual: number): number => Number(values.keys ?? usual);

/** What each measurement is called, and how it is taken. */
const benches: Readonly<Record<string, () => Promise<object> | object>> = {
  engine: () => ({ valueBytes, rates: engineRates(seconds, valueBytes) }),
  apply: () => applyCost(seconds, valueBytes),
  window: () => ({ valueBytes, lines: windowLines(valueBytes) }),
  sim: async () => ({ rates: await simRates(seconds) }),
  put: () => load("put"),
  get: () => load("get"),
  lock: () => load("lock"),
  wal: async () => ({ fileSystem: fileSystemOf(folder), rates: await walRates(folder, seconds) }),
  recover: async () => ({ writes, valueBytes, times: await recoverTimes(folder, writes, keys(100_000), valueBytes) }),
  memory: () => memoryUse(folder, Number(values.nodes), writes, keys(10_000), valueBytes),
  snapshot: () => snapshotStall(folder, keys(1_000_000), valueBytes),
};

function load(name: "put" | "get" | "lock"): Promise<object> {
  const { callers, connections } = values;
  return runLoad({ name, callers: Number(callers), connections: Number(connections), seconds, valueBytes, folder });
}

/** One line a figure; of a list, a line for each. */
function show(result: object): void {
  for (const [key, value] of Object.entries(result)) {
    const rows: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const row of rows)
      process.stdout.write(`${key.padEnd(22)}${typeof row === "string" ? row : JSON.stringify(row)}\n`);
  }
}

const [name = ""] = positionals;
const bench = benches[name];
if (bench === undefined) {
  process.stderr.write(
    `usage: npm run bench -- ${Object.keys(benches).join("|")} [--seconds N] [--value-bytes N] [--keys N] [--writes N] [--folder PATH] [--json]\n`,
  );
  process.exit(2);
}
const result = { bench: name, ...(await bench()) };
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else show(result);
process.exit(0);
