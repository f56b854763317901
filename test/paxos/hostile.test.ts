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
  SLOT_MAX,
  type Speaker,
} from "@quorate/paxos";
import fc from "fast-check";
import { configOf, incarnationOf, keep, majorityOf, member } from "./cluster.ts";

const three = majorityOf(1, 2, 3);

// ── what others may say: every field of the right type, and nothing more ──

const slots = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.constantFrom(SLOT_MAX - 1, SLOT_MAX, SLOT_MAX + 1, 2 ** 53 - 1),
);
const ballots = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }))
    .map(([round, node]) => ballotOf(round, node)),
  fc.constantFrom(2 ** 52, 2 ** 52 + 1, 2 ** 53 - 1),
);
const setBytes = fc.constantFrom(
  encodeMembers(three),
  encodeMembers(majorityOf(2, 3)),
  encodeMembers({ ...three, voters: [member(2)], nonVoters: [member(1)] }),
  Uint8Array.of(1, 2, 3),
);
const entry: fc.Arbitrary<Entry> = fc.record({
  slot: slots,
  ballot: ballots,
  origin: ballots,
  anchored: fc.boolean(),
  kind: fc.constantFrom("batch", "noop", "members", "nonsense" as "noop"),
  bytes: fc.oneof(fc.constant(NO_BYTES), fc.uint8Array({ maxLength: 3 }), setBytes),
});
/** Often what an engine could say: of one ballot, consecutive, without rubbish. */
const likely = fc
  .record({
    first: fc.integer({ min: 1, max: 6 }),
    ballot: ballots,
    values: fc.array(fc.option(setBytes, { nil: null }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ first, ballot, values }) =>
    values.map((bytes, index) => ({
      slot: first + index,
      ballot,
      origin: ballot,
      anchored: true,
      kind: bytes === null ? ("noop" as const) : ("members" as const),
      bytes: bytes ?? NO_BYTES,
    })),
  );
const entries = fc.oneof(likely, fc.array(entry, { maxLength: 4 }));
const counts = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(2 ** 48, 2 ** 53 - 1));

function kind<const K extends Message["kind"]>(name: K): fc.Arbitrary<K> {
  return fc.constant(name);
}

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: kind("canvass"), ballot: ballots, chosenTo: slots }),
  fc.record({
    kind: kind("canvass-answer"),
    ballot: ballots,
    granted: fc.boolean(),
    promised: ballots,
    chosenTo: slots,
  }),
  fc.record({ kind: kind("prepare"), ballot: ballots, slotFrom: slots, chosenTo: slots }),
  fc.record({
    kind: kind("promise"),
    ballot: ballots,
    slotFrom: fc.oneof(fc.constant(1), slots),
    slotTo: fc.oneof(fc.constant(SLOT_MAX), slots),
    chosenTo: fc.oneof(fc.constant(0), slots),
    votes: entries,
    faulty: fc.array(slots, { maxLength: 3 }),
  }),
  fc.record({ kind: kind("reject"), ballot: ballots, promised: ballots }),
  fc.record({ kind: kind("accept"), ballot: ballots, startSlot: slots, entries, ackFrom: slots, ackTo: slots }),
  likely.chain((some) =>
    fc.record({
      kind: kind("accept"),
      ballot: fc.constant(some[0]!.ballot),
      startSlot: fc.oneof(fc.constant(1), slots),
      entries: fc.constant(some),
      ackFrom: slots,
      ackTo: slots,
    }),
  ),
  fc.record({ kind: kind("accepted"), ballot: ballots, acceptedTo: slots, chosenTo: slots }),
  fc.record({
    kind: kind("heartbeat"),
    ballot: ballots,
    round: counts,
    startSlot: slots,
    ackFrom: slots,
    ackTo: slots,
    chosenTo: slots,
  }),
  fc.record({
    kind: kind("heartbeat-answer"),
    ballot: ballots,
    life: fc.constantFrom(1, 2),
    round: counts,
    acceptedTo: slots,
    chosenTo: slots,
    grantedMs: counts,
  }),
  fc.record({ kind: kind("fetch"), slotFrom: slots }),
  fc.record({ kind: kind("learn"), entries, floors: fc.array(ballots, { maxLength: 3 }), chosenTo: slots }),
  fc.record({ kind: kind("read-request"), token: counts }),
  fc.record({ kind: kind("read-bound"), life: counts, token: counts, bound: slots }),
  fc.record({ kind: kind("resign"), ballot: ballots, successor: fc.integer({ min: 0, max: 4 }) }),
);

const speaker: fc.Arbitrary<Speaker> = fc.record({
  node: fc.integer({ min: 1, max: 4 }),
  incarnation: fc.oneof({ weight: 4, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.constant(7) }),
  life: fc.integer({ min: 1, max: 2 }),
  unit: fc.integer({ min: 0, max: 3 }),
  unitAtStart: fc.integer({ min: 0, max: 3 }),
});

// ── what the host does meanwhile ──

type Step =
  | { readonly do: "receive"; readonly from: Speaker; readonly message: Message }
  | { readonly do: "tick"; readonly ms: number }
  | { readonly do: "sync" | "campaign" | "propose" | "read" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("receive" as const), from: speaker, message }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("tick" as const), ms: fc.integer({ min: 1, max: 400 }) }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      { do: "sync" } as const,
      { do: "campaign" } as const,
      { do: "propose" } as const,
      { do: "read" } as const,
    ),
  },
);

/** A node among liars: what it owes its own disk must hold whatever they say. */
class Honest {
  durable: Durable = emptyDurable(three);
  readonly engine: Engine = createEngine(configOf(1), this.durable);
  private readonly waiting: Output[] = [];
  private nowMs = 0;
  private opening = 0;
  private chosenTo = 0;
  private token = 0;
  received = 0;
  ignored = 0;
  malformed = 0;

  constructor() {
    this.engine.tick(0);
    this.take();
  }

  step(one: Step): void {
    switch (one.do) {
      case "receive": {
        const { node, incarnation } = one.from;
        this.received++;
        this.engine.receive(
          { ...one.from, incarnation: incarnation < 0 ? incarnationOf(node) : incarnation },
          one.message,
        );
        break;
      }
      case "tick":
        this.nowMs += one.ms;
        this.engine.tick(this.nowMs);
        break;
      case "sync": {
        const last = this.waiting.pop();
        if (last === undefined) break;
        this.waiting.length = 0;
        this.engine.persisted(last.seq, last.seq);
        break;
      }
      case "campaign":
        this.engine.campaignNow();
        break;
      case "propose":
        this.engine.propose(this.opening, Uint8Array.of(1));
        break;
      case "read":
        this.engine.read(++this.token, false);
    }
    this.take();
  }

  private take(): void {
    for (;;) {
      const out = this.engine.output();
      this.opening = out.opening;
      for (const event of out.events) {
        if (event.kind !== "ignored") continue;
        this.ignored++;
        if (event.why === "malformed") this.malformed++;
      }
      for (const record of out.records) this.record(record);
      if (out.records.length > 0) this.waiting.push({ ...out });
      assert.ok(out.chosenTo >= this.chosenTo, "what is known chosen never shrinks (D4)");
      this.chosenTo = out.chosenTo;
      if (out.chosen.length === 0) return;
      this.engine.applied(out.chosenTo);
    }
  }

  private record(record: Output["records"][number]): void {
    if (record.kind === "promised") assert.ok(record.ballot > this.durable.promised, "a promise is never lowered (A1)");
    if (record.kind === "accepted") {
      const before = this.durable.accepted.find((held) => held.slot === record.entry.slot);
      assert.ok(before === undefined || before.ballot <= record.entry.ballot, "a vote is never lowered (A3)");
      assert.ok(
        before === undefined || before.ballot < record.entry.ballot || before.origin === record.entry.origin,
        "one node never casts two values in one slot and ballot (A4)",
      );
    }
    this.durable = keep(this.durable, record);
  }
}

test("whatever others say, as long as fields are of their types, stops no node and takes nothing back that it promised or voted for", () => {
  let malformed = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      const honest = new Honest();
      for (const one of steps) honest.step(one);
      assert.ok(honest.malformed <= honest.received, "each message is counted as malformed at most once");
      malformed += honest.malformed;
      // It starts again from what it recorded, whatever that came from.
      createEngine(configOf(1, 2), honest.durable).tick(0);
    }),
    { numRuns: Number(process.env["HOSTILE_RUNS"] ?? 2_000), seed: 20_261_125 },
  );
  assert.ok(malformed > 10_000, `only ${malformed} were malformed`);
});

test("a message that no engine could have said changes nothing and is counted as malformed", () => {
  const ballot = ballotOf(2, 2);
  const noop = (slot: number, of = ballot): Entry => ({
    slot,
    ballot: of,
    origin: of,
    anchored: true,
    kind: "noop",
    bytes: NO_BYTES,
  });
  const accept = { kind: "accept", ballot, startSlot: 1, entries: [noop(1)], ackFrom: 1, ackTo: 0 } as const;
  const change = { ...noop(1), kind: "members", bytes: Uint8Array.of(9) } as const;
  const page = {
    kind: "promise",
    ballot,
    slotFrom: 1,
    slotTo: SLOT_MAX,
    chosenTo: 0,
    votes: [],
    faulty: [],
  } as const;
  const wrong: Message[] = [
    { ...accept, entries: [] },
    { ...accept, entries: [noop(1), noop(3)] },
    { ...accept, entries: [noop(1, ballotOf(1, 2))] },
    { ...accept, entries: [{ ...noop(1), origin: ballotOf(3, 2) }] },
    { ...accept, entries: [change] },
    { ...accept, entries: [noop(SLOT_MAX + 1)] },
    { ...accept, startSlot: 0 },
    { ...accept, ballot: ballotOf(0, 2), entries: [noop(1, ballotOf(0, 2))] },
    { ...accept, ballot: ballotOf(2, 0), entries: [noop(1, ballotOf(2, 0))] },
    { ...accept, ballot: 2 ** 53 - 1022, entries: [noop(1, 2 ** 53 - 1022)] },
    { kind: "prepare", ballot, slotFrom: 0, chosenTo: 0 },
    { kind: "reject", ballot, promised: 2 ** 53 - 1 },
    { kind: "canvass-answer", ballot, granted: true, promised: 2 ** 53 - 1, chosenTo: 0 },
    { ...page, slotTo: 0 },
    { ...page, votes: [noop(2), noop(1)] },
    { ...page, votes: [noop(1)], chosenTo: 1 },
    { ...page, faulty: [3, 3] },
    { kind: "learn", entries: [change], floors: [ballot], chosenTo: 1 },
    { kind: "learn", entries: [{ ...change, bytes: encodeMembers(three) }], floors: [], chosenTo: 1 },
    { kind: "learn", entries: [], floors: [], chosenTo: 1 },
    { kind: "fetch", slotFrom: 0 },
  ];
  for (const said of wrong) {
    const engine = createEngine(configOf(1), emptyDurable(three));
    engine.tick(0);
    engine.output();
    const before = engine.fingerprint();
    engine.receive({ node: 2, incarnation: incarnationOf(2), life: 1, unit: 1, unitAtStart: 1 }, said);
    const { events, records, sends } = engine.output();
    assert.deepEqual(
      { events, records, sends },
      { events: [{ kind: "ignored", from: 2, message: said.kind, why: "malformed" }], records: [], sends: [] },
      JSON.stringify(said),
    );
    assert.equal(engine.fingerprint(), before);
  }
});

test("a chosen value that contradicts an own vote of a higher ballot is not learned, and stops nobody", () => {
  const held: Entry = {
    slot: 1,
    ballot: ballotOf(3, 3),
    origin: ballotOf(3, 3),
    anchored: true,
    kind: "batch",
    bytes: Uint8Array.of(1),
  };
  const engine = createEngine(configOf(1), { ...emptyDurable(three), promised: held.ballot, accepted: [held] });
  engine.tick(0);
  engine.output();
  const told: Entry = { ...held, ballot: ballotOf(2, 2), origin: ballotOf(2, 2) };
  engine.receive(
    { node: 2, incarnation: incarnationOf(2), life: 1, unit: 1, unitAtStart: 1 },
    { kind: "learn", entries: [told], floors: [], chosenTo: 1 },
  );
  const { events, chosenTo } = engine.output();
  assert.deepEqual(events, [{ kind: "ignored", from: 2, message: "learn", why: "contradiction" }]);
  assert.equal(chosenTo, 0);
});

test("an answer to a round of heartbeats that this process never began confirms no read", () => {
  const honest = new Honest();
  const from: Speaker = { node: 2, incarnation: -1, life: 1, unit: 1, unitAtStart: 1 };
  const ballot = ballotOf(1, 1);
  honest.step({ do: "campaign" });
  honest.step({ do: "sync" });
  const promise: Message = {
    kind: "promise",
    ballot,
    slotFrom: 1,
    slotTo: SLOT_MAX,
    chosenTo: 0,
    votes: [],
    faulty: [],
  };
  honest.step({ do: "receive", from, message: promise });
  honest.step({ do: "sync" });
  honest.step({ do: "receive", from, message: { kind: "accepted", ballot, acceptedTo: 1, chosenTo: 0 } });
  honest.engine.read(1, false);
  honest.engine.output();
  const answer = { kind: "heartbeat-answer", ballot, life: 1, acceptedTo: 1, chosenTo: 0, grantedMs: 0 } as const;
  const speaks = { ...from, incarnation: incarnationOf(2) };
  honest.engine.receive(speaks, { ...answer, round: 1_000_000 });
  honest.engine.receive(speaks, { ...answer, round: 2, life: 9 });
  assert.deepEqual(honest.engine.output().reads, []);
  honest.engine.receive(speaks, { ...answer, round: 2 });
  assert.deepEqual(honest.engine.output().reads, [{ token: 1, bound: 1, validUntilMs: Infinity }]);
});
