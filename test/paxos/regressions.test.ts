import assert from "node:assert/strict";
import { test } from "node:test";
import {
  emptyDurable,
  ballotOf,
  createEngine,
  type Durable,
  type Entry,
  type Message,
  NO_BYTES,
  type Speaker,
} from "@quorate/paxos";
import { Cluster, configOf, incarnationOf, majorityOf, type Node } from "./cluster.ts";

const speaker = (node: number, life = 1, unit = 1, unitAtStart = unit): Speaker => ({
  node,
  incarnation: incarnationOf(node),
  life,
  unit,
  unitAtStart,
});
const noop = (slot: number, ballot: number, origin = ballot): Entry => ({
  slot,
  ballot,
  origin,
  anchored: true,
  kind: "noop",
  bytes: NO_BYTES,
});
const three = majorityOf(1, 2, 3);

/** An engine over `durable`, started. */
function engineOver(durable: Partial<Durable>, node = 1): ReturnType<typeof createEngine> {
  const engine = createEngine(configOf(node), { ...emptyDurable(three), ...durable });
  engine.tick(1);
  engine.output();
  return engine;
}

/** What an engine says to one message, its records being durable at once. */
function answers(engine: ReturnType<typeof createEngine>, from: Speaker, message: Message): Message[] {
  engine.receive(from, message);
  const out = engine.output();
  if (out.records.length > 0) engine.persisted(out.seq, out.speaker.unit + 1);
  return [...out.sends, ...engine.output().sends].map((send) => send.message);
}

test("a late message of a peer's running process is heard after a restart; one of another process with an older disk is not (rule 14)", () => {
  const heard = [{ node: 2, incarnation: incarnationOf(2), life: 7, unit: 50 }];
  const canvass: Message = { kind: "canvass", ballot: ballotOf(1, 2), chosenTo: 0 };
  assert.equal(answers(engineOver({ heard }), speaker(2, 7, 40), canvass).length, 1);
  const engine = engineOver({ heard });
  assert.deepEqual(answers(engine, speaker(2, 8, 40), canvass), []);
  assert.deepEqual(
    answers(engine, speaker(2, 8, 60, 40), canvass),
    [],
    "that process stays unheard, whatever it writes",
  );
  const late = answers(engineOver({ heard }), speaker(2, 8, 60, 40), canvass);
  assert.deepEqual(late, [], "nor is it heard if it wrote more before it spoke first");
});

test("an entry that was learned in a higher ballot counts as known chosen after a restart forgot so (rules 1 and 4)", () => {
  const low = ballotOf(5, 2);
  const engine = engineOver({ promised: low, accepted: [noop(1, ballotOf(9, 3), ballotOf(1, 1))] });
  const accept: Message = {
    kind: "accept",
    ballot: low,
    startSlot: 1,
    entries: [noop(1, low, ballotOf(1, 1)), noop(2, low)],
    ackFrom: 1,
    ackTo: 0,
  };
  const last = answers(engine, speaker(2), accept).pop();
  assert.deepEqual(last, { kind: "accepted", ballot: low, acceptedTo: 2, chosenTo: 0 });
});

test("a node that knows a membership change has promised its floor, even if a crash lost that record (rule 12)", () => {
  const floor = ballotOf(4, 2);
  const engine = engineOver({
    promised: ballotOf(2, 2),
    base: 3,
    chosenTo: 3,
    governing: [{ members: three, slot: 3, floor }],
  });
  const prepare: Message = { kind: "prepare", ballot: ballotOf(3, 3), slotFrom: 4, chosenTo: 3 };
  assert.deepEqual(answers(engine, speaker(3), prepare), [{ kind: "reject", ballot: ballotOf(3, 3), promised: floor }]);
});

test("what a leader learned or had installed is not acknowledged in its ballot, and holds nothing up (rule 15)", () => {
  const engine = engineOver({ promised: ballotOf(1, 3) });
  engine.campaignNow();
  const ballot = ballotOf(2, 1);
  const first = engine.output();
  engine.persisted(first.seq, 1);
  engine.output();
  const votes = [1, 2, 3].map((slot) => noop(slot, ballotOf(1, 3)));
  engine.receive(speaker(2), {
    kind: "promise",
    ballot,
    slotFrom: 1,
    slotTo: 2 ** 52,
    chosenTo: 0,
    votes,
    faulty: [],
  });
  assert.ok(engine.output().sends.some(({ message }) => message.kind === "accept"));
  engine.installed(2, { members: three, slot: 0, floor: 0 });
  engine.tick(100);
  const beats = engine
    .output()
    .sends.map(({ message }) => message)
    .filter((message) => message.kind === "heartbeat");
  assert.deepEqual(
    beats.map(({ startSlot, ackFrom, ackTo }) => ({ startSlot, ackFrom, ackTo })),
    [{ startSlot: 1, ackFrom: 3, ackTo: 2 }],
  );
});

test("a change that would pass through a set without voters is refused", () => {
  const cluster = new Cluster(majorityOf(1));
  const leader = cluster.elect();
  const target = { ...majorityOf(1), voters: [{ node: 1, incarnation: 77, zone: 0 }] };
  assert.match(leader.engine.changeMembers(target)?.why ?? "", /at least one voter/);
  assert.equal(cluster.propose(leader, "a"), "taken");
});

test("a node does not campaign below what it knew chosen before its disk lost an entry (rules 5 and 11)", () => {
  const ballot = ballotOf(1, 2);
  const engine = engineOver({
    promised: ballot,
    accepted: [noop(1, ballot), noop(3, ballot)],
    chosenTo: 3,
    faulty: [2],
  });
  assert.equal(engine.output().chosenTo, 1);
  engine.campaignNow();
  assert.deepEqual(engine.output().records, []);
});

test("a leader that gets an older change of members chosen once more is not open before the new set has promised (rule 18)", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3), {}, [4]);
  const old = cluster.elect();
  const [left, right] = [...cluster.nodes.values()].filter((node) => node !== old && node.id !== 4) as [Node, Node];
  const fourth = cluster.node(4);
  const counted = (): boolean => old.events.filter((event) => event.kind === "members-changed").length >= 2;
  const apart = [left.id, right.id];
  cluster.cut = (from, to) => counted() && apart.includes(from) !== apart.includes(to);
  assert.equal(old.engine.changeMembers(majorityOf(4)), null);
  cluster.take(old);
  cluster.run(1_000);
  assert.ok(fourth.opening > 0);
  assert.equal(cluster.propose(fourth, "only the new set has this"), "taken");
  cluster.run(1_500);
  const again = [left, right].filter((node) =>
    node.events.some((event) => event.kind === "members-changed" && event.floor > old.opening && event.slot > 2),
  );
  assert.ok(again.length > 0, "the change was counted once more, in a ballot of the old set");
  for (const node of [left, right]) {
    const opened = node.events.filter((event) => event.kind === "opened");
    const last = node.events.map((event) => event.kind).lastIndexOf("members-changed");
    assert.ok(
      node.events.map((event) => event.kind).lastIndexOf("opened") < last,
      `node ${node.id} opened ${opened.length} times`,
    );
  }
  cluster.cut = () => false;
  cluster.run(3_000);
  assert.deepEqual(cluster.texts(4), ["only the new set has this"]);
});
