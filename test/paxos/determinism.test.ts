import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  emptyDurable,
  createEngine,
  type Engine,
  type Entry,
  type Message,
  type Output,
  SLOT_MAX,
  type Speaker,
} from "@quorate/paxos";
import { configOf, incarnationOf, majorityOf } from "./cluster.ts";
import { keyed } from "./world.ts";

const SEQUENCES = 10_000;
const INPUTS = 25;
const set = { ...majorityOf(1, 2, 3), leaseMs: 200 };

/** All that an output says, as text: the order of fields and lists in it, and every byte. */
function canonical(out: Output): string {
  return JSON.stringify(out, (_, value: unknown) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
    return value === Infinity ? "Infinity" : value;
  });
}

/** The engine of node 1, whose peers say whatever is well formed, in any order: whole protocols of contending ballots and nonsense alike. */
class Sequence {
  private readonly seed: number;
  private draws = 0;
  private nowMs = 0;
  private opening = 0;
  private chosenTo = 0;
  private seq = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** A number below `below`, keyed by the sequence and how often was drawn. */
  private draw(below: number): number {
    return keyed(this.seed, ++this.draws) % below;
  }

  private ballot(): number {
    return (1 + this.draw(3)) * 1024 + 1 + this.draw(3);
  }

  private entry(slot: number, ballot: number): Entry {
    const bytes = new Uint8Array([slot, this.draw(3)]);
    return { slot, ballot, origin: ballot, anchored: this.draw(2) === 0, kind: "batch", bytes };
  }

  private speaker(node: number): Speaker {
    return { node, incarnation: incarnationOf(node), life: 1, unit: 1 + this.draw(5), unitAtStart: 0 };
  }

  private message(from: number): Message {
    const slot = 1 + this.chosenTo + this.draw(3);
    const own = this.draw(3) === 0 ? this.ballot() : (1 + this.draw(3)) * 1024 + from;
    const mine = this.opening > 0 && this.draw(2) === 0 ? this.opening : (1 + this.draw(3)) * 1024 + 1;
    switch (this.draw(12)) {
      case 0:
        return { kind: "canvass", ballot: own, chosenTo: this.draw(3) };
      case 1:
        return { kind: "canvass-answer", ballot: mine, granted: true, promised: 0, chosenTo: 0 };
      case 2:
        return { kind: "prepare", ballot: own, slotFrom: 1, chosenTo: this.chosenTo };
      case 3: {
        const votes = this.draw(2) === 0 ? [] : [this.entry(slot, 1024 + 2 + this.draw(2))];
        const faulty = this.draw(5) === 0 ? [slot + 1] : [];
        const page = {
          slotFrom: this.chosenTo + 1,
          slotTo: SLOT_MAX,
          chosenTo: 0,
          votes,
          faulty,
          faultyFrom: SLOT_MAX,
        };
        return { kind: "promise", ballot: mine, ...page };
      }
      case 4:
        return { kind: "reject", ballot: mine, promised: this.ballot() };
      case 5:
      case 6: {
        const entries = Array.from({ length: 1 + this.draw(3) }, (_, index) => this.entry(slot + index, own));
        return { kind: "accept", ballot: own, startSlot: 1, entries, ackFrom: 1, ackTo: this.draw(3) };
      }
      case 7:
        return { kind: "accepted", ballot: mine, acceptedTo: this.draw(6), chosenTo: this.draw(3) };
      case 8:
        return { kind: "heartbeat", ballot: own, round: this.draw(9), startSlot: 1, ackFrom: 1, ackTo: 0, chosenTo: 0 };
      case 9: {
        const round = this.draw(9);
        const answer = { ballot: mine, round, acceptedTo: this.draw(6), chosenTo: 0, grantedMs: 200, life: 1 };
        return { kind: "heartbeat-answer", ...answer };
      }
      case 10:
        return this.draw(2) === 0 ? { kind: "fetch", slotFrom: 1 } : { kind: "read-request", token: this.draw(9) };
      default:
        return { kind: "resign", ballot: own, successor: this.draw(2) };
    }
  }

  /** The next input. What it is depends on the sequence and on what the engine said before, and on nothing else. */
  input(engine: Engine): void {
    switch (this.draw(12)) {
      case 0:
      case 1:
        return engine.tick((this.nowMs += this.draw(80)));
      case 2:
        return engine.campaignNow();
      case 3:
        return void engine.propose(this.opening, new Uint8Array([this.draw(9)]));
      case 4:
        return engine.read(this.draw(9), this.draw(2) === 0);
      case 5:
      case 6:
        return engine.persisted(this.seq, this.seq);
      case 7:
        return engine.applied(this.chosenTo);
      case 8:
        return this.wish(engine, this.draw(8));
      default: {
        const from = 2 + this.draw(2);
        return engine.receive(this.speaker(from), this.message(from));
      }
    }
  }

  /** What an operator or a host may ask for, now and then. */
  private wish(engine: Engine, which: number): void {
    if (which === 0) engine.suspect(2);
    if (which === 1) engine.suspended();
    if (which === 2) engine.transferTo(2);
    if (which === 3) engine.changeMembers(majorityOf(1, 2));
    if (which === 4) engine.stepDown();
  }

  took(out: Output): void {
    this.opening = out.opening;
    this.chosenTo = out.chosenTo;
    this.seq = out.seq;
  }
}

/** A hash over all outputs of a sequence. No nonsense that peers say may trip an assertion: that would throw here. */
function play(seed: number, met: Set<string>): string {
  const engine = createEngine(configOf(1, 1, { seed }), emptyDurable(set));
  const sequence = new Sequence(seed);
  const hash = createHash("sha256");
  engine.tick(0);
  for (let count = 0; count < INPUTS; count++) {
    sequence.input(engine);
    const out = engine.output();
    sequence.took(out);
    hash.update(canonical(out));
    for (const { message } of out.sends) met.add(message.kind);
    for (const event of out.events) met.add(event.kind);
  }
  return hash.digest("hex");
}

test("the same config and the same inputs give the same outputs to the byte, for 10,000 sequences", () => {
  const met = new Set<string>();
  const hashes = new Set<string>();
  for (let seed = 1; seed <= SEQUENCES; seed++) {
    const once = play(seed, met);
    assert.equal(play(seed, met), once, `sequence ${seed}`);
    hashes.add(once);
  }
  assert.ok(hashes.size > SEQUENCES * 0.9, `only ${hashes.size} sequences differ from each other`);
  for (const what of ["promise", "accept", "accepted", "heartbeat", "learn", "reject", "resign", "opened", "resigned"])
    assert.ok(met.has(what), `no sequence met: ${what}`);
});
