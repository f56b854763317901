import assert from "node:assert/strict";
import { test } from "node:test";

import {
  emptyDurable,
  ballotOf,
  createEngine,
  type Durable,
  type Engine,
  encodeMembers,
  type Entry,
  type Message,
  NO_BYTES,
  type Output,
  type Speaker,
} from "@quorate/paxos";
import { configOf, incarnationOf, majorityOf } from "./cluster.ts";

const speaker = (node: number): Speaker => ({
  node,
  incarnation: incarnationOf(node),
  life: 1,
  unit: 1,
  unitAtStart: 1,
});
const ballot = ballotOf(1, 2);
const three = majorityOf(1, 2, 3);
const two = majorityOf(1, 2);

const entry = (slot: number, kind: "noop" | "members"): Entry => ({
  slot,
  ballot,
  origin: ballot,
  anchored: true,
  kind,
  bytes: kind === "noop" ? NO_BYTES : encodeMembers(two),
});

/** Slots 1 and 2 hold no-ops, slot 3 the change from {1,2,3} to {1,2}. */
const log = [entry(1, "noop"), entry(2, "noop"), entry(3, "members")];
const changed: Partial<Durable> = {
  promised: ballot,
  governing: [
    { members: three, slot: 0, floor: 0 },
    { members: two, slot: 3, floor: ballot },
  ],
  accepted: log,
  chosenTo: 3,
};

function engineOver(node: number, durable: Partial<Durable>): Engine {
  const engine = createEngine(configOf(node), { ...emptyDurable(three), ...durable });
  engine.tick(0);
  engine.output();
  return engine;
}

function says(engine: Engine, from: number, message: Message): Message[] {
  engine.receive(speaker(from), message);
  return engine.output().sends.map((send) => send.message);
}

const learned: Message = { kind: "learn", entries: log, floors: [ballot], chosenTo: 3 };

test("a removed node answers whoever does not know of its removal with the change itself, and no vote (rule 13)", () => {
  for (const asked of [
    { kind: "canvass", ballot: ballotOf(2, 1), chosenTo: 0 },
    { kind: "prepare", ballot: ballotOf(2, 1), slotFrom: 1, chosenTo: 0 },
  ] as const) {
    assert.deepEqual(says(engineOver(3, changed), 1, asked), [learned]);
  }
});

test("a member answers a removed node that asks for votes with the change (rule 13)", () => {
  const asked: Message = { kind: "canvass", ballot: ballotOf(2, 3), chosenTo: 0 };
  const [first] = says(engineOver(1, changed), 3, asked);
  assert.deepEqual(first, learned);
});

test("a removed node stays until an accept quorum of the new set has the change, and everything below it, durably (rule 13)", () => {
  const engine = engineOver(3, changed);
  const isGone = (out: Output): boolean => out.events.some((event) => event.kind === "removed");
  let nowMs = 0;
  const later = (): Output => {
    nowMs += 1_000;
    engine.tick(nowMs);
    return engine.output();
  };
  assert.equal(isGone(later()), false);
  const answer = { kind: "canvass-answer", ballot: 0, granted: false, promised: ballot } as const;
  engine.receive(speaker(1), { ...answer, chosenTo: 3 });
  engine.receive(speaker(2), { ...answer, chosenTo: 2 });
  assert.equal(isGone(later()), false, "2 lacks the change");
  engine.receive(speaker(2), { ...answer, chosenTo: 3 });
  assert.equal(isGone(later()), true);
});

test("a node that came back and is removed once more asks the next set as it asked the first (rule 13)", () => {
  const engine = engineOver(3, changed);
  const answer = { kind: "canvass-answer", ballot: 0, granted: false, promised: ballot } as const;
  engine.tick(1_000);
  engine.output();
  for (const peer of [1, 2]) engine.receive(speaker(peer), { ...answer, chosenTo: 3 });
  engine.tick(2_000);
  assert.ok(engine.output().events.some(({ kind }) => kind === "removed"));
  const back = { ...entry(4, "members"), bytes: encodeMembers(three) };
  const entries = [back, entry(5, "members")];
  engine.receive(speaker(1), { kind: "learn", entries, floors: [ballot, ballot], chosenTo: 5 });
  engine.output();
  engine.tick(3_000);
  const asked: Message = { kind: "canvass", ballot: 0, chosenTo: 5 };
  assert.deepEqual(
    engine.output().sends.map(({ to, message }) => [to, message]),
    [[[1, 2], asked]],
  );
});

test("after a restart everything to the last change is known chosen (rule 17)", () => {
  const engine = createEngine(configOf(2), { ...emptyDurable(three), ...changed });
  engine.tick(0);
  const { chosenTo, governing } = engine.output();
  assert.equal(chosenTo, 3);
  assert.deepEqual(governing.members, two);
});

test("a change is recorded as chosen after all that stands below it, and after the promise of its floor (rules 12 and 17)", () => {
  const engine = engineOver(1, {});
  engine.receive(speaker(2), learned);
  const kinds = engine
    .output()
    .records.map((record) => (record.kind === "accepted" ? `accepted ${record.entry.slot}` : record.kind));
  const before = kinds.slice(0, kinds.indexOf("members"));
  for (const one of ["accepted 1", "accepted 2", "accepted 3", "promised"]) assert.ok(before.includes(one), one);
});
