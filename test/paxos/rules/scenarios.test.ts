import assert from "node:assert/strict";
import { test } from "node:test";

import { ballotOf, createEngine, type Entry, NO_BYTES } from "@quorate/paxos";
import { Cluster, configOf, emptyDurable, incarnationOf, majorityOf } from "../cluster.ts";

const noop = (slot: number, ballot: number, origin: number): Entry => ({
  slot,
  ballot,
  origin,
  anchored: true,
  kind: "noop",
  bytes: NO_BYTES,
});

test("a learned entry is stored with its teller's ballot, over a vote of a lower ballot and never over one of a higher (rule 1)", () => {
  const [low, told, high] = [ballotOf(1, 2), ballotOf(2, 1), ballotOf(3, 1)];
  for (const own of [null, low, high]) {
    const accepted = own === null ? [] : [noop(1, own, low)];
    const engine = createEngine(configOf(3), { ...emptyDurable(majorityOf(1, 2, 3)), promised: high, accepted });
    engine.tick(0);
    engine.output();
    engine.receive(
      { node: 1, incarnation: incarnationOf(1), life: 1, unit: 1, unitAtStart: 0 },
      { kind: "learn", entries: [noop(1, told, low)], floors: [], chosenTo: 1 },
    );
    const { records, chosen } = engine.output();
    const stored = records.flatMap((record) => (record.kind === "accepted" ? [record.entry] : []));
    assert.deepEqual(stored, own === high ? [] : [noop(1, told, low)], `own vote in ${own}`);
    assert.equal(chosen.length, 1);
  }
});

test("a leader proposes the vote of the highest ballot reported, though its own, older one was there first (rule 7)", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const [one, two] = [cluster.node(1), cluster.node(2)];
  for (const node of cluster.nodes.values()) {
    node.engine.tick(0);
    cluster.take(node);
  }
  one.engine.campaignNow();
  cluster.take(one);
  cluster.run(100);
  cluster.cut = (from, to) => from === 1 || to === 1;
  assert.equal(cluster.propose(one, "lost"), "taken");
  cluster.deliverAll();

  two.engine.campaignNow();
  cluster.take(two);
  for (let message = cluster.wire.shift(); message !== undefined; message = cluster.wire.shift()) {
    const { kind } = message.message;
    if (kind !== "accepted" && kind !== "heartbeat-answer") cluster.deliver(message);
  }
  const votes = [1, 2, 3].map((id) => cluster.node(id).durable.accepted.find((entry) => entry.slot === 2)!.ballot);
  assert.deepEqual(votes, [ballotOf(1, 1), ballotOf(1, 2), ballotOf(1, 2)]);
  assert.ok(
    two.chosen.every((entry) => entry.slot < 2),
    "two nodes hold it, and nobody knows",
  );

  cluster.cut = (from, to) => from === 3 || to === 3;
  one.engine.campaignNow();
  cluster.take(one);
  cluster.deliverAll();
  assert.equal(one.opening, ballotOf(2, 1));
  assert.deepEqual(one.chosen[1], { ...noop(2, ballotOf(2, 1), ballotOf(1, 2)) });
});
