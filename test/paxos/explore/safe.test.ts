import assert from "node:assert/strict";
import { test } from "node:test";

import { EngineSystem } from "./engine-system.ts";
import { explore } from "./explorer.ts";

test("every state of three nodes and one ballot is safe, a crash at any moment included", () => {
  const bounds = { statesMax: 1_000_000, memoryMibMax: 4_096, violationsMax: 1 };
  const seen = explore(
    new EngineSystem({ nodes: 3, ballots: 1, slots: 1, crashes: true, lateSyncs: true }),
    bounds,
    () => {},
  );
  assert.deepEqual(seen.violations, []);
  assert.equal(seen.complete, true);
  assert.ok(seen.states > 1_000, `${seen.states} states`);
});

test("every state of three nodes and two contending ballots is safe", () => {
  const bounds = { statesMax: 1_000_000, memoryMibMax: 4_096, violationsMax: 1 };
  const seen = explore(
    new EngineSystem({ nodes: 3, ballots: 2, slots: 1, crashes: false, lateSyncs: false }),
    bounds,
    () => {},
  );
  assert.deepEqual(seen.violations, []);
  assert.equal(seen.complete, true);
  assert.ok(seen.states > 10_000, `${seen.states} states`);
});
