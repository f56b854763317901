import assert from "node:assert/strict";
import { test } from "node:test";
import { ENGINE_DEFAULTS } from "@quorate/paxos";
import { majorityOf } from "./cluster.ts";
import { Lab } from "./lab.ts";

const { electionTimeoutMs, diskStallMs } = ENGINE_DEFAULTS;
/** As long as a campaign may take: two syncs, and an election timeout. */
const PATIENCE_MAX_MS = electionTimeoutMs + 2 * diskStallMs;
const STEP_MS = 5;

/** When somebody is open, if each disk does one sync at a time, which takes `syncMs` and covers what waited when it began. */
function openAtMs(nodes: number, syncMs: number, seed: number): number {
  const ids = Array.from({ length: nodes }, (_, index) => index + 1);
  const lab = new Lab({ members: majorityOf(...ids), spare: [], config: { seed }, rateOf: () => 1 });
  const syncs = new Map<number, { readonly writes: number; readonly endMs: number }>();
  while (!lab.nodes.some(({ opening }) => opening !== 0)) {
    if (lab.nowMs > 100 * PATIENCE_MAX_MS) return Infinity;
    lab.pass(STEP_MS);
    for (const node of lab.nodes) {
      const sync = syncs.get(node.id);
      if (sync !== undefined && sync.endMs <= lab.nowMs) {
        syncs.delete(node.id);
        for (let write = 0; write < sync.writes; write++) lab.sync(node, 1);
      }
      if (!syncs.has(node.id) && node.pending.length > 0)
        syncs.set(node.id, { writes: node.pending.length, endMs: lab.nowMs + syncMs });
    }
    lab.deliver(() => true);
  }
  return lab.nowMs;
}

for (const nodes of [3, 5]) {
  test(`${nodes} nodes have a leader, however slow their disks, as long as none is stalled`, () => {
    for (const syncMs of [electionTimeoutMs / 2, electionTimeoutMs, 0.95 * diskStallMs]) {
      for (let seed = 1; seed <= 4; seed++) {
        const openMs = openAtMs(nodes, syncMs, seed);
        assert.ok(openMs <= 8 * PATIENCE_MAX_MS, `syncs of ${syncMs} ms, seed ${seed}: open after ${openMs} ms`);
      }
    }
  });
}

test("disks that sync within a tenth of an election timeout have a leader within 4 of them", () => {
  for (let seed = 1; seed <= 8; seed++) {
    const openMs = openAtMs(5, electionTimeoutMs / 10, seed);
    assert.ok(openMs <= 4 * electionTimeoutMs, `seed ${seed}: open after ${openMs} ms`);
  }
});
