import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryCluster, type Outcome } from "../memory-cluster.ts";

const NODES = [1, 2, 3];

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Three clients write; nodes die, lose power, come back and are cut off, so that mostly a quorum is left. */
function trouble(seed: number): {
  readonly outcomes: readonly Outcome[];
  readonly leaders: number;
  readonly cluster: MemoryCluster;
} {
  const random = randomOf(seed);
  const leaseMs = seed % 3 === 0 ? 150 : 0;
  const cluster = new MemoryCluster({ seed, leaseMs, limits: { checkpointEntries: 30 } });
  cluster.startAll();
  cluster.awaitLeader();
  const clients = [1, 2, 3].map(() => cluster.client().open());
  const leaders = new Set<number>();
  for (let step = 0; step < 40; step++) {
    for (const [index, client] of clients.entries()) {
      if (client.outcomes.filter((each) => each.reply === null).length < 4) client.append(`s${step}c${index}`);
    }
    const victim = NODES[Math.floor(random() * 3)]!;
    const choice = random();
    const running = NODES.filter((id) => cluster.node(id).host !== null);
    if (choice < 0.12 && running.length === 3) cluster.kill(victim);
    else if (choice < 0.24 && running.length === 3) cluster.powerLoss([victim], () => (random() < 0.5 ? 0 : 512));
    else if (choice < 0.36) cluster.isolate(victim);
    else if (choice < 0.6) cluster.network.healAll();
    if (choice > 0.5) for (const id of NODES) if (cluster.node(id).host === null) cluster.start(id);
    cluster.time.run(random() * 400);
    const opening = cluster.replicas.map((replica) => replica.status().opening);
    leaders.add(Math.max(0, ...opening));
  }
  cluster.network.healAll();
  for (const id of NODES) if (cluster.node(id).host === null) cluster.start(id);
  const outcomes = clients.flatMap((client) => client.outcomes);
  cluster.time.until("every request has its result", () => outcomes.every((each) => each.reply !== null), 20_000);
  cluster.time.run(500);
  cluster.settle();
  return { outcomes, leaders: leaders.size, cluster };
}

describe("a cluster in trouble", () => {
  it("Every request gets one result and stands in the log once, at every node, through kills, power losses and cuts.", () => {
    let ballots = 0;
    for (let seed = 1; seed <= 15; seed++) {
      const { outcomes, leaders, cluster } = trouble(seed);
      ballots += leaders;
      const expected = outcomes.map((each) => each.word).sort();
      for (const id of NODES) {
        assert.deepEqual(cluster.node(id).failures, [], `seed ${seed}, node ${id}`);
        assert.deepEqual([...cluster.words(id)].sort(), expected, `seed ${seed}, node ${id}`);
      }
      const at = new Map(cluster.read(1, "stale").map((each) => [each.word, each.revision]));
      for (const each of outcomes) assert.equal(each.reply!.revision, at.get(each.word), `seed ${seed}: ${each.word}`);
      const digests = new Set(cluster.replicas.map((replica) => replica.status().digest));
      assert.equal(digests.size, 1, `seed ${seed}`);
    }
    assert.ok(ballots > 30, `${ballots} leaders in 15 runs`);
  });
});
