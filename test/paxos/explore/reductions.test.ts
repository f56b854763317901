import assert from "node:assert/strict";
import { test } from "node:test";

import { EngineSystem } from "./engine-system.ts";
import { explore } from "./explorer.ts";
import type { Facts } from "./facts.ts";
import type { Scope } from "./scope.ts";

type Past = readonly Facts[];

function pastsOf(scope: Scope): readonly Past[] {
  const system = new EngineSystem(scope);
  const seen = explore(system, { statesMax: 1_000_000, memoryMibMax: 4_096, violationsMax: 1 }, () => {});
  assert.deepEqual(seen.violations, []);
  assert.equal(seen.complete, true);
  return system.pasts();
}

/** Whether everything that ever happened in `past` happened in `other`, too. */
function isWithin(past: Past, other: Past): boolean {
  return past.every((node, index) => {
    const there = other[index]!;
    const has = (more: readonly unknown[], some: readonly unknown[]): boolean => {
      const texts = new Set(more.map((one) => JSON.stringify(one)));
      return some.every((one) => texts.has(JSON.stringify(one)));
    };
    return (
      node.promised <= there.promised &&
      has(there.votes, node.votes) &&
      has(there.known, node.known) &&
      has(there.asked, node.asked)
    );
  });
}

const twoNodes = { nodes: 2, ballots: 2, slots: 1, crashes: true } as const;

test("what happens in the reduced search is what can happen when every answer and every sync is a step of its own and no message is forgotten", () => {
  for (const scope of [twoNodes, { nodes: 3, ballots: 1, slots: 1, crashes: false }]) {
    const reduced = pastsOf({ ...scope, reductions: "full" });
    const all = pastsOf({ ...scope, reductions: "none" });
    assert.deepEqual(
      all.filter((past) => !reduced.some((other) => isWithin(past, other))),
      [],
      "happens nowhere in the reduced search",
    );
    const possible = new Set(all.map((past) => JSON.stringify(past)));
    assert.deepEqual(
      reduced.filter((past) => !possible.has(JSON.stringify(past))),
      [],
      "happens in the reduced search alone",
    );
  }
});

test("a disk that stands still until the crash shows the same pasts as one that syncs when it likes", () => {
  const scope = { nodes: 3, ballots: 1, slots: 1, crashes: true } as const;
  const texts = (reductions: Scope["reductions"]): string[] =>
    pastsOf({ ...scope, reductions })
      .map((past) => JSON.stringify(past))
      .sort();
  assert.deepEqual(texts("full"), texts("late-syncs"));
});
