// npm run bench -- put|get|lock [--callers N] [--connections N] [--seconds N] [--value-bytes N] [--folder PATH] [--json]
import { parseArgs } from "node:util";

import { runLoad } from "./cluster-load.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    callers: { type: "string", default: "256" },
    connections: { type: "string", default: "8" },
    seconds: { type: "string", default: "8" },
    "value-bytes": { type: "string", default: "256" },
    folder: { type: "string", default: "." },
    json: { type: "boolean", default: false },
  },
});

const [name] = positionals;
if (name !== "put" && name !== "get" && name !== "lock") {
  process.stderr.write(
    "usage: npm run bench -- put|get|lock [--callers N] [--connections N] [--seconds N] [--value-bytes N] [--json]\n",
  );
  process.exit(2);
}
const result = await runLoad({
  name,
  callers: Number(values.callers),
  connections: Number(values.connections),
  seconds: Number(values.seconds),
  valueBytes: Number(values["value-bytes"]),
  folder: values.folder,
});
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else for (const [key, value] of Object.entries(result)) process.stdout.write(`${key.padEnd(22)}${value}\n`);
