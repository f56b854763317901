import assert from "node:assert/strict";
import { test } from "node:test";

import {
  emptyDurable,
  type Accept,
  ballotOf,
  createEngine,
  type Durable,
  type Engine,
  encodeMembers,
  type Entry,
  type Heartbeat,
  type Members,
  type Message,
  NO_BYTES,
  type Output,
  SLOT_MAX,
  type Speaker,
} from "@quorate/paxos";
import { configOf, incarnationOf, majorityOf, member } from "./cluster.ts";

/**
 * Node 1 was replaced by another machine of the same id, and its old disk is still running somewhere. Ballots name nodes,
 * so both may come to the same ballot: the old one, which does not know of the change yet, with promises of the old set; the
 * new one with promises of the new set. What they propose must never meet in one slot.
 */
const OLD = incarnationOf(1);
const NEW = 7_001;
const three = majorityOf(1, 2, 3);
/** The first step of the replacement: the old disk is out, the new one learns. */
const replacing: Members = {
  ...majorityOf(2, 3),
  nonVoters: [{ node: 1, incarnation: NEW, zone: 0 }],
};
const replaced: Members = { ...three, voters: [{ node: 1, incarnation: NEW, zone: 0 }, member(2), member(3)] };

const earlier = ballotOf(1, 2);
const disputed = ballotOf(2, 1);

const speaker = (node: number, incarnation = incarnationOf(node)): Speaker => ({
  node,
  incarnation,
  life: incarnation,
  unit: 1,
  unitAtStart: 1,
});
const entry = (slot: number, bytes: Uint8Array, kind: Entry["kind"] = "batch"): Entry => ({
  slot,
  ballot: earlier,
  origin: earlier,
  anchored: true,
  kind,
  bytes,
});
const change = entry(1, encodeMembers(replacing), "members");

function started(node: number, durable: Partial<Durable>, incarnation = incarnationOf(node)): Engine {
  const engine = createEngine({ ...configOf(node, incarnation), incarnation }, { ...emptyDurable(three), ...durable });
  engine.tick(0);
  engine.output();
  return engine;
}

/** What an engine wants done after one message, all its records being durable at once. */
function after(engine: Engine, from: Speaker, message: Message): Output[] {
  engine.receive(from, message);
  const outs = [engine.output()];
  if (outs[0]!.records.length > 0) engine.persisted(outs[0]!.seq, outs[0]!.speaker.unit + 1);
  outs.push(engine.output());
  return outs;
}

const messagesOf = (outs: readonly Output[]): Message[] =>
  outs.flatMap(({ sends }) => sends.map(({ message }) => message));
const ignoredOf = (outs: readonly Output[]): string[] =>
  outs.flatMap(({ events }) => events.flatMap((event) => (event.kind === "ignored" ? [event.why] : [])));

const promise = (votes: readonly Entry[]): Message => ({
  kind: "promise",
  ballot: disputed,
  slotFrom: 1,
  slotTo: SLOT_MAX,
  chosenTo: 0,
  votes,
  faulty: [],
});

test("a leader that finds its own node replaced by another disk proposes nothing above that change", () => {
  const old = started(1, { promised: earlier });
  old.campaignNow();
  const { seq } = old.output();
  old.persisted(seq, 1);
  old.output();
  const outs = [
    // 3 has accepted the change and does not know it chosen; 2 has proposed in slot 2 already.
    ...after(old, speaker(3), promise([change])),
    ...after(old, speaker(3), { kind: "accepted", ballot: disputed, acceptedTo: 1, chosenTo: 0 }),
    ...after(old, speaker(2), promise([change, entry(2, Uint8Array.of(2))])),
  ];
  const asked = messagesOf(outs).filter((message): message is Accept => message.kind === "accept");
  assert.deepEqual(
    asked.flatMap(({ entries }) => entries.map(({ slot }) => slot)),
    [1],
  );
  assert.ok(outs.some(({ events }) => events.some((event) => event.kind === "resigned")));
  assert.equal(outs[outs.length - 1]!.chosenTo, 1);
});

const knowing: Partial<Durable> = {
  promised: earlier,
  governing: [
    { members: three, slot: 0, floor: 0 },
    { members: replacing, slot: 1, floor: earlier },
    { members: replaced, slot: 2, floor: earlier },
  ],
  accepted: [change, entry(2, encodeMembers(replaced), "members")],
  chosenTo: 2,
};

const beat: Heartbeat = {
  kind: "heartbeat",
  ballot: disputed,
  round: 1,
  startSlot: 3,
  ackFrom: 3,
  ackTo: 2,
  chosenTo: 2,
};

test("whoever knows of the replacement follows the new disk alone, and tells the old one", () => {
  const noop = { ...entry(3, NO_BYTES, "noop"), ballot: disputed, origin: disputed };
  const accept: Message = {
    kind: "accept",
    ballot: disputed,
    startSlot: 3,
    entries: [noop],
    ackFrom: 3,
    ackTo: 2,
  };
  const prepare: Message = { kind: "prepare", ballot: disputed, slotFrom: 1, chosenTo: 0 };
  // The old disk knows nothing of the change: its own chosenTo is below it.
  for (const message of [{ ...accept, ackTo: 0 }, { ...beat, ackTo: 0, chosenTo: 0 }, prepare] as const) {
    const outs = after(started(3, knowing), speaker(1, OLD), message);
    assert.deepEqual(ignoredOf(outs), ["old disk"], message.kind);
    assert.deepEqual(
      messagesOf(outs).map(({ kind }) => kind),
      message.kind === "prepare" ? ["learn"] : [],
    );
    assert.deepEqual(
      outs.flatMap(({ records }) => records).filter(({ kind }) => kind !== "heard"),
      [],
    );
  }
  const [last] = messagesOf(after(started(3, knowing), speaker(1, NEW), accept)).slice(-1);
  assert.deepEqual(last, { kind: "accepted", ballot: disputed, acceptedTo: 3, chosenTo: 2 });
});

test("an old disk that gives up a ballot releases no lease that was granted to the new one in the same ballot", () => {
  const leased = { ...three, leaseMs: 1_000 };
  // It knows of no replacement: both are node 1 to it.
  const engine = started(3, { governing: [{ members: leased, slot: 0, floor: 0 }] });
  const first = { ...beat, startSlot: 1, ackFrom: 1, ackTo: 0, chosenTo: 0 };
  const granted = messagesOf(after(engine, speaker(1, NEW), first)).some((one) => one.kind === "heartbeat-answer");
  assert.ok(granted);
  const asked: Message = { kind: "prepare", ballot: ballotOf(3, 2), slotFrom: 1, chosenTo: 0 };
  after(engine, speaker(1, OLD), { kind: "resign", ballot: disputed, successor: 0 });
  assert.deepEqual(ignoredOf(after(engine, speaker(2), asked)), ["lease granted"]);
  after(engine, speaker(1, NEW), { kind: "resign", ballot: disputed, successor: 0 });
  assert.deepEqual(ignoredOf(after(engine, speaker(2), asked)), []);
});
