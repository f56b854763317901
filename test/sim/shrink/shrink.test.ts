import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  configOf,
  FAULT_KINDS,
  type Plant,
  readRepro,
  type Recorded,
  recordFailure,
  runOnce,
  scheduleOf,
  writeFailure,
} from "@quorate/sim";

/** What the hunts do without, so that they are short. */
const OTHERS = FAULT_KINDS.filter((kind) => !["delay", "isolate", "kill", "power-loss"].includes(kind));

/** Hunts a planted mistake as a campaign does, from seed 1, and makes small what it finds. */
async function hunt(plant: Plant, seeds: number): Promise<Recorded & { found: string; before: number }> {
  for (let seed = 1; seed <= seeds; seed++) {
    const config = configOf(seed, { seconds: 8, nodes: 3, without: OTHERS, plant });
    const schedule = scheduleOf(seed, config.kinds, config.seconds, config.gapMs);
    const { violation } = await runOnce(config, seed, schedule);
    if (violation === null) continue;
    const recorded = await recordFailure({ config, seed, schedule }, violation, { runsMax: 200 });
    return { ...recorded, found: violation.invariant, before: schedule.length };
  }
  throw new Error(`no run of ${seeds} found the planted mistake "${plant}"`);
}

test("a disk whose sync does nothing is found as soon as anything is said or done that counts on it, without any fault", async () => {
  const { found, before, failure, minimal } = await hunt("sync-does-nothing", 20);
  assert.match(found, /^(?:A2|C2)$/u);
  assert.ok(before > 1, "there was something to shrink");
  assert.equal(minimal, true);
  assert.deepEqual(failure.schedule, []);
  const cured = await runOnce({ ...failure.config, plant: "none" }, failure.seed, failure.schedule);
  assert.equal(cured.violation, null, "without the mistake the same run holds");
});

test("reads that skip the leader are found by what was acknowledged before them, and saved as files: one replays to the same hash, the others show what happened", async () => {
  const { found, failure, before } = await hunt("reads-are-stale", 20);
  assert.equal(found, "H2");
  assert.equal(failure.invariant, found);
  assert.ok(before > failure.schedule.length, "there was something to shrink");
  assert.ok(failure.schedule.length <= 2, `${failure.schedule.length} faults are left`);
  assert.equal(failure.neighbours.length, failure.schedule.length);

  const { trace } = failure;
  assert.equal(trace.events.at(-1)?.kind, "violation");
  for (const kind of ["send", "arrive", "vote", "chosen", "life"]) {
    assert.ok(
      trace.events.some((event) => event.kind === kind),
      `the trace shows ${kind}`,
    );
  }

  const folder = mkdtempSync(join(tmpdir(), "quorate-sim-"));
  try {
    const [file, text, page, shiviz] = writeFailure(folder, failure);
    const repro = readRepro(file!);
    const again = await runOnce(repro.config, repro.seed, repro.schedule);
    assert.equal(again.hash, repro.hash);
    assert.equal(again.violation?.witness, repro.witness);
    assert.ok(readFileSync(text!, "utf8").includes(repro.witness));
    assert.ok(readFileSync(page!, "utf8").startsWith("<!doctype html>"));
    assert.ok(readFileSync(shiviz!, "utf8").includes("node1 {"));
  } finally {
    rmSync(folder, { recursive: true });
  }

  const cured = await runOnce({ ...failure.config, plant: "none" }, failure.seed, failure.schedule);
  assert.equal(cured.violation, null, "without the mistake the same run holds");
});
