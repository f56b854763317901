import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, type Fault, FAULT_KINDS, type RunConfig, runOnce, scheduleOf } from "@quorate/sim";

const wishes = { seconds: 6, nodes: 3, without: [], plant: "none" } as const;
const calm: RunConfig = { ...configOf(1, wishes), kinds: [], kvClients: 2, lockClients: 2, thinkMs: 50 };

test("without faults every call is answered, nothing is violated, and it is over soon after the load", async () => {
  const result = await runOnce(calm, 1, []);
  assert.equal(result.violation, null);
  assert.ok(result.operations > 100, `${result.operations} operations`);
  assert.ok(result.simulatedMs >= 6000 && result.simulatedMs < 16_000, `${result.simulatedMs} ms`);
});

test("a run ends in a task of its own, so that what weak references keep alive goes with it", async () => {
  let turned = false;
  setImmediate(() => {
    turned = true;
  });
  await runOnce({ ...calm, seconds: 1 }, 1, []);
  assert.ok(turned);
});

test("a run under every kind of fault is twice the same, to the byte, and another seed is another run", async () => {
  const config = { ...configOf(4, wishes), kinds: FAULT_KINDS, gapMs: 200 };
  const schedule = scheduleOf(4, config.kinds, config.seconds, config.gapMs);
  const first = await runOnce(config, 4, schedule);
  assert.equal(first.violation, null, first.violation?.witness);
  assert.deepEqual(await runOnce(config, 4, schedule), first);
  assert.notEqual((await runOnce(config, 5, schedule)).hash, first.hash);
});

test("what happens before a fault does not depend on it", async () => {
  const late: Fault = { kind: "kill", gapMs: 5500, forMs: 100, node: 0, peer: 0, choice: 0 };
  const early: Fault = { kind: "kill", gapMs: 1500, forMs: 300, node: 1, peer: 0, choice: 0 };
  const hashes = new Set<string>();
  for (const schedule of [[], [late], [early], [early, { ...late, gapMs: 4000 }]]) {
    const result = await runOnce(calm, 9, schedule);
    assert.equal(result.violation, null, result.violation?.witness);
    hashes.add(result.hash);
  }
  assert.equal(hashes.size, 4);
});

test("every kind of fault alone leaves the cluster able to heal", async () => {
  for (const [index, kind] of FAULT_KINDS.entries()) {
    const faults = [0, 1, 0].map((node) => ({
      kind,
      gapMs: 600,
      forMs: 500,
      node,
      peer: node + 1,
      choice: 77_777 * (node + 1),
    }));
    const result = await runOnce({ ...calm, seconds: 3 }, 20 + index, faults);
    assert.equal(result.violation, null, `${kind}: ${result.violation?.witness}`);
  }
});

test("five nodes agree too", async () => {
  const config = { ...calm, nodes: 5, seconds: 4 };
  const faults = [{ kind: "isolate", gapMs: 1500, forMs: 1500, node: 2, peer: 0, choice: 5 } as const];
  assert.equal((await runOnce(config, 3, faults)).violation, null);
});
