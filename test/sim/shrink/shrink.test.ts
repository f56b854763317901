import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  configOf,
  type Fault,
  type Plant,
  readRepro,
  reproOf,
  runOnce,
  scheduleOf,
  shrink,
  type Shrunk,
  writeRepro,
} from "@quorate/sim";

/** Hunts a planted mistake as a campaign does, from seed 1, and shrinks what it finds. */
async function hunt(plant: Plant, seeds: number): Promise<{ found: string; before: number; small: Shrunk }> {
  for (let seed = 1; seed <= seeds; seed++) {
    const config = configOf(seed, { seconds: 8, nodes: 0, without: [], plant });
    const schedule = scheduleOf(seed, config.kinds, config.seconds, config.gapMs);
    const { violation } = await runOnce(config, seed, schedule);
    if (violation === null) continue;
    const small = await shrink({ config, seed, schedule }, violation.invariant, 200);
    return { found: violation.invariant, before: schedule.length, small };
  }
  throw new Error(`no run of ${seeds} found the planted mistake "${plant}"`);
}

test("a disk whose sync does nothing is found, shrunk to one fault, and saved as a file that replays to the same hash", async () => {
  const { found, before, small } = await hunt("sync-does-nothing", 20);
  assert.ok(before > 1, "there was something to shrink");
  assert.equal(small.minimal, true);
  assert.equal(small.schedule.length, 1);
  assert.match(small.schedule[0]!.kind, /^(?:power-loss|blackout)$/u);

  const { violation, hash } = await runOnce(small.config, small.seed, small.schedule);
  assert.equal(violation?.invariant, found);
  const folder = mkdtempSync(join(tmpdir(), "quorate-sim-"));
  try {
    const file = join(folder, "repro.json");
    writeRepro(file, reproOf(small, violation!, hash));
    const repro = readRepro(file);
    const again = await runOnce(repro.config, repro.seed, repro.schedule);
    assert.equal(again.hash, repro.hash);
    assert.deepEqual(again.violation, violation);
  } finally {
    rmSync(folder, { recursive: true });
  }

  const cured = await runOnce({ ...small.config, plant: "none" }, small.seed, small.schedule as readonly Fault[]);
  assert.equal(cured.violation, null, "without the mistake the same run holds");
});

test("reads that skip the leader are found by what clients saw", async () => {
  const { found, small } = await hunt("reads-are-stale", 20);
  assert.equal(found, "J1");
  assert.ok(small.schedule.length <= 2, `${small.schedule.length} faults are left`);
});
