// npm run bench -- engine|apply [--seconds N] [--value-bytes N] [--json]
// npm run bench -- window [--value-bytes N] [--json]
// npm run bench -- sim [--seconds N] [--json]
// npm run bench -- put|get|lock [--callers N] [--connections N] [--seconds N] [--value-bytes N] [--folder PATH] [--json]
import { parseArgs } from "node:util";

import { applyCost } from "./apply.ts";
import { runLoad } from "./cluster-load.ts";
import { engineRates } from "./engine.ts";
import { simRates } from "./sim.ts";
import { windowLines } from "./window.ts";

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
if (name === "engine") {
  const rates = engineRates(Number(values.seconds), Number(values["value-bytes"]));
  if (values.json)
    process.stdout.write(`${JSON.stringify({ name, valueBytes: Number(values["value-bytes"]), rates })}\n`);
  else
    for (const { slotsAnAccept, inputsPerSecond, slotsPerSecond } of rates)
      process.stdout.write(
        `${slotsAnAccept} slots an accept: ${inputsPerSecond} inputs/s, ${slotsPerSecond} slots/s\n`,
      );
  process.exit(0);
}
if (name === "window") {
  const lines = windowLines(Number(values["value-bytes"]));
  if (values.json)
    process.stdout.write(`${JSON.stringify({ name, valueBytes: Number(values["value-bytes"]), lines })}\n`);
  else
    for (const { windowSlots, slotsPerSecond, recovery } of lines) {
      const rates = Object.entries(slotsPerSecond).map(([ms, slots]) => `${slots} slots/s at ${ms} ms`);
      process.stdout.write(
        `window ${windowSlots}: ${rates.join(", ")}; recovery of ${recovery.slots} slots, ${recovery.cpuMs} ms of a processor\n`,
      );
    }
  process.exit(0);
}
if (name === "sim") {
  const rates = await simRates(Number(values.seconds));
  if (values.json) process.stdout.write(`${JSON.stringify({ name, rates })}\n`);
  else
    for (const { faults, checked, simulatedSecondsPerCpuSecond, eventsPerSimulatedSecond } of rates) {
      const what = `${faults ? "all faults" : "no faults"}, ${checked ? "all checkers" : "no checkers"}`;
      process.stdout.write(
        `${what}: ${simulatedSecondsPerCpuSecond} simulated seconds per second of one core, ${eventsPerSimulatedSecond} events in each\n`,
      );
    }
  process.exit(0);
}
if (name === "apply") {
  print({ bench: name, ...(await applyCost(Number(values.seconds), Number(values["value-bytes"]))) });
  process.exit(0);
}
if (name !== "put" && name !== "get" && name !== "lock") {
  process.stderr.write(
    "usage: npm run bench -- engine|apply|window|sim|put|get|lock [--callers N] [--connections N] [--seconds N] [--value-bytes N] [--json]\n",
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
print(result);

function print(figures: Readonly<Record<string, string | number>>): void {
  if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  else for (const [key, value] of Object.entries(figures)) process.stdout.write(`${key.padEnd(26)}${value}\n`);
}
