import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, FAULT_KINDS, type FaultKind } from "@quorate/sim";

function kindsOf(seed: number, ...kinds: readonly FaultKind[]): readonly FaultKind[] {
  const without = FAULT_KINDS.filter((kind) => !kinds.includes(kind));
  return configOf(seed, { seconds: 1, nodes: 3, without, plant: "none" }).kinds;
}

const SEEDS = Array.from({ length: 200 }, (_, index) => index);

test("where few kinds of faults are allowed, every run has some of them, and each of them some runs have not", () => {
  for (const kind of FAULT_KINDS) for (const seed of SEEDS.slice(0, 20)) assert.deepEqual(kindsOf(seed, kind), [kind]);
  const drawn = SEEDS.map((seed) => kindsOf(seed, "kill", "wipe", "duplicate"));
  assert.ok(drawn.every((kinds) => kinds.length > 0));
  for (const kind of ["kill", "wipe", "duplicate"] as const) {
    const runs = drawn.filter((kinds) => kinds.includes(kind)).length;
    assert.ok(runs > SEEDS.length / 3 && runs < SEEDS.length, `${kind} in ${runs} runs`);
  }
});

test("where many kinds are allowed, no run is left without any, and none has one that is not allowed", () => {
  const allowed = FAULT_KINDS.filter((_, index) => index % 3 === 0);
  for (const seed of SEEDS) {
    const kinds = kindsOf(seed, ...allowed);
    assert.ok(kinds.length > 0 && kinds.every((kind) => allowed.includes(kind)));
  }
});

test("where no kind is allowed, there is none", () => {
  assert.deepEqual(kindsOf(1), []);
});
