import assert from "node:assert/strict";
import { test } from "node:test";
import { runCampaign, SOMETIMES, SOMETIMES_NOT_BUILT } from "@quorate/sim";

test("a campaign counts its runs, takes some of them twice, and tells what they covered and what is not built", async () => {
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
  assert.equal(result.coverageNotBuilt, SOMETIMES_NOT_BUILT);
});
