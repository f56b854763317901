import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { finished } from "../quorate/command.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

function run(file: string): ReturnType<typeof finished> {
  return finished(spawn(process.execPath, ["--conditions=quorate-source", "--import", "tsx", file], { cwd: root }));
}

test("the bank's two mistakes are found and made small, the bank without them holds, and all of it is at most 60 lines", async () => {
  const { stdout, stderr } = await run("examples/bank-sim.ts");
  assert.match(stdout, /^counts in memory: D5: .*\n(?: {2}.*\n)* {2}\d+ runs taken\n/mu, stderr);
  assert.match(stdout, /^reads, then writes: U1: the accounts hold \d+ together, not 300$/mu);
  assert.match(stdout, /^one command a transfer: held in 20 runs$/mu);
  assert.ok(readFileSync(join(root, "examples/bank-sim.ts"), "utf8").split("\n").length <= 61);
});

test("the program of the guide runs as it stands there", async () => {
  const guide = readFileSync(join(root, "docs/simulate-your-own.md"), "utf8");
  const program = /```ts\n([\s\S]*?)```/u.exec(guide)![1]!;
  const file = join(root, "test", "docs", `tour-${process.pid}.ts`);
  writeFileSync(file, program);
  try {
    const { stdout, stderr } = await run(file);
    assert.equal(stdout, "held in 5 runs\n", stderr);
  } finally {
    rmSync(file);
  }
});
