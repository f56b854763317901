import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { CampaignResult } from "@quorate/sim";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

function campaign(...words: readonly string[]): { status: number | null; out: string; result: CampaignResult } {
  const node = ["--conditions=quorate-source", "--import", "tsx", "sim/src/cli.ts", "--json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...node, ...words], { cwd: ROOT, encoding: "utf8" });
  const last = stdout.trimEnd().split("\n").at(-1)!;
  assert.match(last, /^\{/u, stderr);
  return { status, out: stdout, result: JSON.parse(last) as CampaignResult };
}

test("processes that share the seeds of a campaign end with the result of one process that runs them all", () => {
  const few = ["--seeds", "5", "--seconds", "1", "--nodes", "3"];
  const alone = campaign(...few);
  const shared = campaign(...few, "--jobs", "2");
  assert.equal(alone.status, 0);
  assert.equal(shared.status, 0);
  assert.equal(shared.result.runs, 5);
  assert.deepEqual({ ...shared.result, wallSeconds: 0 }, { ...alone.result, wallSeconds: 0 });
});

test("what one of them finds is told, saved and counted", () => {
  const folder = mkdtempSync(join(tmpdir(), "quorate-shares-"));
  try {
    const few = ["--seeds", "2", "--seconds", "1", "--nodes", "3", "--shrink", "0", "--out", folder];
    const { status, out, result } = campaign(...few, "--plant", "sync-does-nothing", "--jobs", "2");
    assert.equal(status, 1);
    assert.equal(result.violations, 2);
    for (const seed of [1, 2]) assert.match(out, new RegExp(`seed ${seed}: (?:A2|C2): `, "u"));
    assert.equal(readdirSync(folder).filter((name) => name.startsWith("repro-")).length, 2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
