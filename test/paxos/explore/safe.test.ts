import assert from "node:assert/strict";
import { test } from "node:test";

import { EngineSystem } from "./engine-system.ts";
import { explore } from "./explorer.ts";
import type { Scope } from "./scope.ts";

function assertSafe(scope: Scope, statesMin: number): void {
  const seen = explore(
    new EngineSystem(scope),
    { statesMax: 1_000_000, memoryMibMax: 4_096, violationsMax: 1 },
    () => {},
  );
  assert.deepEqual(seen.violations, []);
  assert.equal(seen.complete, true);
  assert.ok(seen.states > statesMin, `${seen.states} states`);
}

test("every state of three nodes and one ballot is safe, with a crash at any moment of a disk that syncs at any moment", () => {
  assertSafe({ nodes: 3, ballots: 1, slots: 1, crashes: true, reductions: "late-syncs" }, 5_000);
});

test("every state of three nodes and two contending ballots is safe", () => {
  assertSafe({ nodes: 3, ballots: 2, slots: 1, crashes: false, reductions: "full" }, 6_000);
});

test("every state of two nodes, two contending ballots and two slots is safe, with a crash at any moment", () => {
  assertSafe({ nodes: 2, ballots: 2, slots: 2, crashes: true, reductions: "full" }, 1_000);
});
