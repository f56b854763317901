// npm run explore -- [--nodes 3] [--ballots 3] [--slots 1] [--crashes 1] [--reductions full|late-syncs|none] [--states-max N] [--memory-mib-max N] [--violations-max N] [--json]
// npm run explore -- --plant 5|6|7|11|12 [--states-max N] [--json]: the same on a copy of the engine with that bug in it, which must be found
import { parseArgs } from "node:util";

import { BUGS } from "./bugs.ts";
import { EngineSystem } from "./engine-system.ts";
import { explore } from "./explorer.ts";
import { explorePlanted } from "./run-planted.ts";
import type { Scope } from "./scope.ts";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "3" },
    ballots: { type: "string", default: "3" },
    slots: { type: "string", default: "1" },
    crashes: { type: "string", default: "1" },
    reductions: { type: "string", default: "full" },
    "states-max": { type: "string", default: "200000000" },
    "memory-mib-max": { type: "string", default: "7680" },
    "violations-max": { type: "string", default: "1" },
    plant: { type: "string", default: "" },
    json: { type: "boolean", default: false },
  },
});
if (values.plant !== "") {
  const bug = BUGS.find((one) => one.number === Number(values.plant));
  if (bug === undefined) {
    process.stderr.write(`--plant takes ${BUGS.map((one) => one.number).join(", ")}\n`);
    process.exit(2);
  }
  const run = await explorePlanted(bug, ["--states-max", values["states-max"]]);
  const [violation] = run.violated;
  const found = violation !== undefined;
  if (values.json) process.stdout.write(`${JSON.stringify({ bug: bug.number, what: bug.what, found, ...run })}\n`);
  else {
    process.stdout.write(
      `bug ${bug.number}, ${bug.what}: ${found ? `found, ${violation.invariant}: ${violation.why}` : "not found"}\n`,
    );
    for (const [index, line] of (violation?.trace ?? []).entries()) {
      process.stdout.write(`${String(index + 1).padStart(4)} ${line}\n`);
    }
  }
  process.exit(found ? 0 : 1);
}

const { reductions } = values;
if (reductions !== "full" && reductions !== "late-syncs" && reductions !== "none") {
  process.stderr.write("--reductions takes full, late-syncs or none\n");
  process.exit(2);
}
const scope: Scope = {
  nodes: Number(values.nodes),
  ballots: Number(values.ballots),
  slots: Number(values.slots),
  crashes: values.crashes !== "0",
  reductions,
};
const bounds = {
  statesMax: Number(values["states-max"]),
  memoryMibMax: Number(values["memory-mib-max"]),
  violationsMax: Number(values["violations-max"]),
};

const startedMs = performance.now();
const system = new EngineSystem(scope);
const seen = explore(system, bounds, (states, depth) => {
  if (!values.json) process.stderr.write(`depth ${depth}: ${states} states\n`);
});
const result = {
  ...scope,
  states: seen.states,
  depth: seen.depth,
  transitions: seen.transitions,
  pasts: system.pastCount,
  locals: system.localCount,
  processes: system.processCount,
  messages: system.messageCount,
  seconds: Math.round(performance.now() - startedMs) / 1_000,
  cpuSeconds: Math.round(process.cpuUsage().user / 1_000) / 1_000,
  residentMibMax: Math.round(process.resourceUsage().maxRSS / 1_024),
  complete: seen.complete,
  stopped: seen.stopped,
  violations: seen.violations.length,
  violated: seen.violations,
};
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
  for (const { invariant, why, trace } of seen.violations) {
    process.stdout.write(`${invariant}: ${why}\n`);
    for (const [index, line] of trace.entries()) process.stdout.write(`${String(index + 1).padStart(4)} ${line}\n`);
  }
  if (!seen.complete) process.stdout.write(`stopped early, not everything was seen: ${seen.stopped}\n`);
  const { violated: _, ...figures } = result;
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${name.padEnd(16)}${value}\n`);
}
process.exitCode = seen.violations.length > 0 ? 1 : seen.complete ? 0 : 3;
