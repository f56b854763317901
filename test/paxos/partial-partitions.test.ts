import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeOf, roundOf } from "@quorate/paxos";
import { Cluster, majorityOf, type Node } from "./cluster.ts";

const TIMEOUT_MS = 300;

/** Only these links work, both ways. */
function only(cluster: Cluster, ...links: readonly (readonly [number, number])[]): void {
  cluster.cut = (from, to) =>
    !links.some(([one, other]) => (one === from && other === to) || (one === to && other === from));
}

const others = (cluster: Cluster, ...not: readonly Node[]): Node[] =>
  [...cluster.nodes.values()].filter((node) => !not.includes(node));

/** How often anybody opened, and the highest ballot that anybody raised. */
const openings = (cluster: Cluster): number =>
  [...cluster.nodes.values()].flatMap((node) => node.events).filter((event) => event.kind === "opened").length;
const highest = (cluster: Cluster): number =>
  Math.max(
    ...[...cluster.nodes.values()]
      .flatMap((node) => node.events)
      .map((event) => ("ballot" in event ? event.ballot : 0)),
  );

/** Waits for an open leader among `among` that a quorum follows; returns how long that took. */
function untilChosen(cluster: Cluster, among: readonly Node[], text: string, atMostMs: number): number {
  for (let waited = 0; waited <= atMostMs; waited += 10) {
    for (const node of among) {
      if (node.opening === 0 || cluster.propose(node, text) !== "taken") continue;
      cluster.deliverAll();
      if (cluster.texts(node.id).includes(text)) return waited;
    }
    cluster.run(10);
  }
  throw new Error(`"${text}" was not chosen within ${atMostMs} ms`);
}

/** Nobody else opens, nobody raises a ballot, and the leader goes on choosing. */
function assertStable(cluster: Cluster, ms: number): void {
  const opened = openings(cluster);
  const ballot = highest(cluster);
  cluster.run(ms);
  assert.equal(openings(cluster), opened, "nobody opens anew");
  assert.equal(highest(cluster), ballot, "no ballot is wasted");
}

test("quorum loss: when the only node that hears a quorum is not the leader, it leads within 4 election timeouts", () => {
  for (const hubAt of [0, 1, 2, 3]) {
    const cluster = new Cluster(majorityOf(1, 2, 3, 4, 5));
    const old = cluster.elect();
    cluster.propose(old, "before");
    cluster.run(100);
    const hub = others(cluster, old)[hubAt]!;
    only(cluster, ...others(cluster, hub).map((node) => [node.id, hub.id] as const));
    untilChosen(cluster, [hub], "after", 4 * TIMEOUT_MS);
    cluster.run(500);
    assertStable(cluster, 5_000);
    assert.equal(cluster.leader(), hub);
    for (const node of cluster.nodes.values()) assert.deepEqual(cluster.texts(node.id), ["before", "after"]);
  }
});

test("constrained election: the only node that hears a quorum leads within 4 election timeouts, though its log is behind", () => {
  for (const hubAt of [0, 1, 2, 3]) {
    const cluster = new Cluster(majorityOf(1, 2, 3, 4, 5));
    const old = cluster.elect();
    const hub = others(cluster, old)[hubAt]!;
    cluster.cut = (from, to) => from === hub.id || to === hub.id;
    const missed: string[] = [];
    for (let count = 0; count < 20; count++) {
      missed.push(`${count}`);
      cluster.propose(old, `${count}`);
      cluster.deliverAll();
    }
    assert.deepEqual(cluster.texts(hub.id), []);
    only(cluster, ...others(cluster, hub, old).map((node) => [node.id, hub.id] as const));
    untilChosen(cluster, [hub], "after", 4 * TIMEOUT_MS);
    cluster.run(500);
    for (const node of others(cluster, old)) assert.deepEqual(cluster.texts(node.id), [...missed, "after"]);
    assertStable(cluster, 5_000);
  }
});

test("chained: with two of three nodes that do not hear each other, one leader stands and no ballot is wasted", () => {
  for (const cutFrom of ["the leader", "a follower"]) {
    const cluster = new Cluster(majorityOf(1, 2, 3));
    const old = cluster.elect();
    const [left, right] = others(cluster, old) as [Node, Node];
    if (cutFrom === "the leader") only(cluster, [old.id, left.id], [left.id, right.id]);
    else only(cluster, [old.id, left.id], [old.id, right.id]);
    untilChosen(cluster, [...cluster.nodes.values()], "after", 4 * TIMEOUT_MS);
    cluster.run(2_000);
    assertStable(cluster, 10_000);
    cluster.cut = () => false;
    assertStable(cluster, 2_000);
    for (const node of cluster.nodes.values()) assert.deepEqual(cluster.texts(node.id), ["after"]);
  }
});

test("one-way cuts: a leader that is heard and does not hear is replaced within 4 election timeouts", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const old = cluster.elect();
  cluster.cut = (_, to) => to === old.id;
  untilChosen(cluster, others(cluster, old), "after", 4 * TIMEOUT_MS);
  cluster.run(1_000);
  assertStable(cluster, 5_000);
});

test("a node that was cut off for long returns and disturbs nobody", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const leader = cluster.elect();
  const away = others(cluster, leader)[0]!;
  cluster.cut = (from, to) => from === away.id || to === away.id;
  cluster.run(20_000);
  cluster.propose(leader, "a");
  cluster.cut = () => false;
  assertStable(cluster, 3_000);
  assert.equal(cluster.leader(), leader);
  assert.deepEqual(cluster.texts(away.id), ["a"]);
});

test("a restarted follower returns and disturbs nobody", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const leader = cluster.elect();
  const away = others(cluster, leader)[0]!;
  cluster.crash(away.id);
  cluster.run(2_000);
  cluster.propose(leader, "a");
  cluster.restart(away.id);
  assertStable(cluster, 3_000);
  assert.deepEqual(cluster.texts(away.id), ["a"]);
});

test("a link that flaps does not unseat a leader", () => {
  for (const periodMs of [20, 70, 150, 400, 900]) {
    const cluster = new Cluster(majorityOf(1, 2, 3));
    const leader = cluster.elect();
    const far = others(cluster, leader)[0]!;
    const downAt = (): boolean => Math.floor(cluster.nowMs / periodMs) % 2 === 1;
    cluster.cut = (from, to) => downAt() && [from, to].includes(leader.id) && [from, to].includes(far.id);
    assertStable(cluster, 10_000);
    assert.equal(cluster.leader(), leader, `a period of ${periodMs} ms`);
  }
});

test("a leader whose disk stalls steps down, and another one leads", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const old = cluster.elect();
  cluster.stalledDisks.add(old.id);
  cluster.propose(old, "stuck");
  cluster.run(1_200);
  assert.ok(old.events.some((event) => event.kind === "resigned" && event.why.includes("disk")));
  untilChosen(cluster, others(cluster, old), "after", 4 * TIMEOUT_MS);
  const after = cluster.leader();
  assert.notEqual(after, old);
  cluster.run(3_000);
  assert.equal(cluster.leader(), after, "a node with a stalled disk takes the lead from nobody");
  cluster.stalledDisks.clear();
  cluster.sync(old);
  cluster.run(500);
  for (const node of cluster.nodes.values())
    assert.equal(cluster.texts(node.id).filter((text) => text === "after").length, 1);
});

test("a leader whose event loop stood still for an election timeout steps down before it does anything else", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const old = cluster.elect();
  old.up = false;
  cluster.run(TIMEOUT_MS + 20);
  old.up = true;
  const sent = cluster.wire.length;
  old.engine.tick(cluster.nowMs);
  cluster.take(old);
  assert.equal(old.opening, 0);
  assert.ok(old.events.some((event) => event.kind === "resigned" && event.why.includes("event loop")));
  assert.ok(cluster.wire.slice(sent).every(({ message }) => message.kind === "resign"));
  untilChosen(cluster, [...cluster.nodes.values()], "after", 4 * TIMEOUT_MS);
});

test("an orderly transfer is over within an election timeout, and takes nothing along that was not chosen", () => {
  const cluster = new Cluster({ ...majorityOf(1, 2, 3), leaseMs: 250 });
  const old = cluster.elect();
  cluster.run(500);
  const heir = others(cluster, old)[1]!;
  cluster.propose(old, "a");
  assert.equal(old.engine.transferTo(heir.id), null);
  cluster.take(old);
  cluster.deliverAll();
  cluster.run(100);
  assert.equal(cluster.leader(), heir);
  assert.deepEqual(cluster.texts(heir.id), ["a"]);
  assert.equal(nodeOf(heir.opening), heir.id);
  assert.ok(roundOf(heir.opening) >= roundOf(old.opening));
});
