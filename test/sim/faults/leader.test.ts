import assert from "node:assert/strict";
import { test } from "node:test";
import { configOf, type Fault, type RunConfig, runOnce } from "@quorate/sim";

const wishes = { seconds: 8, nodes: 3, without: [], plant: "none" } as const;
const config: RunConfig = {
  ...configOf(1, wishes),
  kinds: [],
  quorum: "majority",
  electionTimeoutMs: 90,
  kvClients: 3,
  storeClients: 0,
  lockClients: 0,
  thinkMs: 50,
};

test("in a storm leaders follow each other in one slot, and whoever comes next is promised votes for several values of it", async () => {
  const storm: Fault = { kind: "leader-storm", gapMs: 1000, forMs: 2500, node: 0, peer: 0, choice: 5 };
  let leaders = 0;
  let values = 0;
  for (const seed of [1, 2, 3]) {
    const { violation, coverage } = await runOnce(config, seed, [storm]);
    assert.equal(violation, null, violation?.witness);
    leaders += coverage["three leaders in one slot"]!;
    values += coverage["promises of two values for one slot"]!;
  }
  assert.ok(leaders > 0 && values > 0, `${leaders} slots with three leaders, ${values} promises of two values`);
});
