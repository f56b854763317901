import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyDurable, ballotOf, createEngine, type Message, type Speaker, STOOD_STILL_MS_MAX } from "@quorate/paxos";
import { Cluster, configOf, type InFlight, incarnationOf, majorityOf, type Node } from "./cluster.ts";

const LEASE_MS = 250;
const leased = { ...majorityOf(1, 2, 3), leaseMs: LEASE_MS };
const others = (cluster: Cluster, not: Node): Node[] => [...cluster.nodes.values()].filter((node) => node !== not);

/** Takes what is on the wire, keeps the messages of `kind`, delivers the rest and what follows from it. */
function holdBack(cluster: Cluster, kind: Message["kind"]): InFlight[] {
  const held: InFlight[] = [];
  for (let message = cluster.wire.shift(); message !== undefined; message = cluster.wire.shift()) {
    if (message.message.kind === kind) held.push(message);
    else cluster.deliver(message);
  }
  return held;
}

/** Time passes at the leader alone until it has a round of heartbeats on the wire. */
function untilHeartbeat(cluster: Cluster, leader: Node): void {
  for (let waited = 0; waited < 200; waited += 10) {
    cluster.nowMs += 10;
    leader.engine.tick(cluster.nowMs);
    cluster.take(leader);
    if (cluster.wire.some(({ message }) => message.kind === "heartbeat")) return;
  }
  throw new Error("no heartbeat left");
}

test("a lease is used until (1 − ρ) / (1 + ρ) of it has passed since its heartbeat left, however late the grants come", () => {
  const cluster = new Cluster(leased);
  const leader = cluster.elect();
  cluster.run(1_000);
  cluster.cut = (from) => from !== leader.id;
  cluster.run(150);
  cluster.cut = () => false;
  untilHeartbeat(cluster, leader);
  const sentMs = cluster.nowMs;
  const grants = holdBack(cluster, "heartbeat-answer");
  assert.equal(grants.length, 2);
  for (let waited = 0; waited < 90; waited += 10) {
    cluster.nowMs += 10;
    leader.engine.tick(cluster.nowMs);
    cluster.take(leader);
    holdBack(cluster, "heartbeat");
  }
  for (const grant of grants) cluster.deliver(grant);
  leader.engine.read(1, true);
  cluster.take(leader);
  const [answer] = leader.reads.splice(0);
  assert.ok(answer !== undefined && answer.bound > 0);
  assert.ok(
    Math.abs(answer.validUntilMs - (sentMs + ((LEASE_MS * 0.98) / 1.02 - STOOD_STILL_MS_MAX))) < 1e-6,
    `${answer.validUntilMs - sentMs} ms`,
  );
});

test("while a leader may use its lease nobody else opens, though both others were restarted and campaign all the time", () => {
  const cluster = new Cluster(leased);
  const leader = cluster.elect();
  cluster.run(1_000);
  leader.engine.read(1, true);
  cluster.take(leader);
  const untilMs = leader.reads.pop()!.validUntilMs;
  assert.ok(untilMs > cluster.nowMs + 100 && untilMs < Infinity);
  cluster.cut = (from, to) => from === leader.id || to === leader.id;
  for (const node of others(cluster, leader)) {
    cluster.crash(node.id);
    cluster.restart(node.id);
  }
  while (cluster.nowMs < untilMs) {
    for (const node of others(cluster, leader)) {
      node.engine.campaignNow();
      cluster.take(node);
    }
    cluster.run(10);
    for (const node of others(cluster, leader))
      assert.equal(node.opening, 0, `${untilMs - cluster.nowMs} ms too early`);
  }
  cluster.run(2_000);
  assert.ok(others(cluster, leader).some((node) => node.opening > 0));
});

test("a leader that offered a transfer has no lease any more in that ballot, even if nobody took over", () => {
  const cluster = new Cluster(leased);
  const leader = cluster.elect();
  cluster.run(1_000);
  const heir = others(cluster, leader)[0]!;
  cluster.propose(leader, "a");
  cluster.cut = (from, to) => from === heir.id || to === heir.id;
  assert.equal(leader.engine.transferTo(heir.id), null);
  cluster.take(leader);
  cluster.run(1_000);
  assert.ok(leader.opening > 0);
  leader.engine.read(1, true);
  cluster.take(leader);
  assert.equal(leader.reads.length, 0);
  cluster.deliverAll();
  assert.equal(leader.reads[0]?.validUntilMs, Infinity);
});

test("a suspended process voids its lease until a round begun afterwards is granted (rule 26)", () => {
  const cluster = new Cluster(leased);
  const leader = cluster.elect();
  cluster.run(1_000);
  leader.engine.suspended();
  leader.engine.read(1, true);
  cluster.take(leader);
  assert.equal(leader.reads.length, 0);
  cluster.run(200);
  leader.engine.read(2, true);
  cluster.take(leader);
  const last = leader.reads.pop()!;
  assert.equal(last.token, 2);
  assert.ok(last.validUntilMs < Infinity);
});

test("the resignation of another ballot, older or newer, releases no grant", () => {
  const engine = createEngine(configOf(1), emptyDurable(leased));
  const from = (node: number): Speaker => ({
    node,
    incarnation: incarnationOf(node),
    life: 1,
    unit: 1,
    unitAtStart: 0,
  });
  const say = (node: number, message: Message): Message[] => {
    engine.receive(from(node), message);
    const out = engine.output();
    if (out.records.length > 0) engine.persisted(out.seq, out.seq);
    return [...out.sends, ...engine.output().sends].map((send) => send.message);
  };
  engine.tick(1_000);
  const ballot = ballotOf(2, 2);
  const heartbeat: Message = { kind: "heartbeat", ballot, round: 1, startSlot: 1, ackFrom: 1, ackTo: 0, chosenTo: 0 };
  const granted = say(2, heartbeat).filter((message) => message.kind === "heartbeat-answer");
  assert.deepEqual(
    granted.map((answer) => answer.grantedMs),
    [LEASE_MS],
  );
  say(3, { kind: "resign", ballot: ballotOf(1, 3), successor: 0 });
  say(3, { kind: "resign", ballot: ballotOf(2, 3), successor: 0 });
  const prepare: Message = { kind: "prepare", ballot: ballotOf(3, 3), slotFrom: 1, chosenTo: 0 };
  assert.deepEqual(say(3, prepare), []);
  say(2, { kind: "resign", ballot, successor: 0 });
  assert.deepEqual(
    say(3, prepare).map((message) => message.kind),
    ["promise"],
  );
});

test("a read is not confirmed by answers to a round that began before it", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const leader = cluster.elect();
  cluster.run(200);
  untilHeartbeat(cluster, leader);
  const before = holdBack(cluster, "heartbeat-answer");
  assert.equal(before.length, 2);
  leader.engine.read(1, false);
  cluster.take(leader);
  const round = holdBack(cluster, "heartbeat");
  for (const answer of before) cluster.deliver(answer);
  assert.equal(leader.reads.length, 0);
  for (const heartbeat of round) cluster.deliver(heartbeat);
  cluster.deliverAll();
  assert.equal(leader.reads.length, 1);
});

test("a read is not confirmed by fewer than a quorum, and is refused when the leader resigns", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3, 4, 5));
  const leader = cluster.elect();
  cluster.run(200);
  const friend = others(cluster, leader)[0]!;
  const side = [leader.id, friend.id];
  cluster.cut = (from, to) => side.includes(from) !== side.includes(to);
  leader.engine.read(1, false);
  cluster.take(leader);
  cluster.run(250);
  assert.equal(leader.reads.length, 0);
  cluster.run(500);
  assert.deepEqual(leader.reads, [{ token: 1, bound: -1, validUntilMs: Infinity }]);
});

test("a node whose record of the longest lease is lost is bound after a restart as its set allows; one that never promised is not", () => {
  const prepare: Message = { kind: "prepare", ballot: ballotOf(3, 3), slotFrom: 1, chosenTo: 0 };
  const from: Speaker = { node: 3, incarnation: incarnationOf(3), life: 1, unit: 1, unitAtStart: 0 };
  const answersAfter = (promised: number, ms: number): string[] => {
    const engine = createEngine(configOf(1), { ...emptyDurable(leased), promised });
    engine.tick(1_000);
    engine.output();
    engine.tick(1_000 + ms);
    engine.receive(from, prepare);
    const out = engine.output();
    if (out.records.length > 0) engine.persisted(out.seq, out.seq);
    return [...out.sends, ...engine.output().sends].map(({ message }) => message.kind);
  };
  assert.ok(!answersAfter(ballotOf(1, 2), LEASE_MS - 1).includes("promise"));
  assert.ok(answersAfter(ballotOf(1, 2), LEASE_MS).includes("promise"));
  assert.ok(answersAfter(0, 1).includes("promise"));
});
