import assert from "node:assert/strict";
import { test } from "node:test";
import { runCampaign, SOMETIMES } from "@quorate/sim";
import { missedBy } from "../../../sim/src/coverage/sometimes.ts";

test("a campaign counts its runs, takes some of them twice, and tells what they covered", async () => {
  const seen: number[] = [];
  const result = await runCampaign({
    seed: 100,
    seeds: 3,
    seconds: 4,
    nodes: 3,
    without: ["blackout"],
    plant: "none",
    forMs: Infinity,
    shrink: { runsMax: 0 },
    progress: (runs) => seen.push(runs),
    failed: ({ failure }) => assert.fail(failure.witness),
  });
  assert.deepEqual(seen, [1, 2, 3]);
  assert.equal(result.runs, 3);
  assert.equal(result.violations, 0);
  assert.equal(result.takenTwice, 1);
  assert.equal(result.diverged, 0);
  assert.ok(result.simulatedSeconds >= 12);
  assert.ok(result.events > 1000 && result.operations > 0);
  assert.deepEqual(Object.keys(result.coverage), [...SOMETIMES]);
});

test("a long campaign misses what it never hit, unless it is short or was kept from it", () => {
  const counts = new Map<string, number>(SOMETIMES.map((name) => [name, name === "ballot rejected" ? 0 : 1]));
  const wishes = { seconds: 30, nodes: 0, without: [], plant: "none" } as const;
  assert.deepEqual(missedBy(counts, 5000, wishes), ["ballot rejected"]);
  assert.deepEqual(missedBy(counts, 4999, wishes), []);
  assert.deepEqual(missedBy(counts, 5000, { ...wishes, nodes: 1 }), []);
  assert.deepEqual(missedBy(counts, 5000, { ...wishes, without: ["kill"] }), []);
  assert.deepEqual(missedBy(counts, 5000, { ...wishes, plant: "reads-are-stale" }), []);
});
