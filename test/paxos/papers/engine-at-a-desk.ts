import {
  emptyDurable,
  createEngine,
  type Durable,
  type DurableRecord,
  type Engine,
  type Entry,
  type Members,
  type Message,
  type PromiseMessage,
  SLOT_MAX,
} from "@quorate/paxos";
import { configOf, incarnationOf, keep } from "../cluster.ts";

/** One engine whose peers are played by the test: what it says and writes is told, its disk syncs at once. */
export class EngineAtADesk {
  readonly engine: Engine;
  durable: Durable;
  readonly records: DurableRecord[] = [];
  readonly chosen: Entry[] = [];
  opening = 0;
  private unit = 0;

  constructor(node: number, members: Members, durable: Partial<Durable> = {}) {
    this.durable = { ...emptyDurable(members), ...durable };
    this.engine = createEngine(configOf(node), this.durable);
    this.engine.tick(0);
    this.output();
  }

  campaign(): Message[] {
    this.engine.campaignNow();
    return this.output();
  }

  propose(text: string): Message[] {
    this.engine.propose(this.opening, new TextEncoder().encode(text));
    return this.output();
  }

  /** Returns what it says then. */
  hear(from: number, message: Message): Message[] {
    this.engine.receive({ node: from, incarnation: incarnationOf(from), life: 1, unit: 1, unitAtStart: 0 }, message);
    return this.output();
  }

  private output(): Message[] {
    const said: Message[] = [];
    for (;;) {
      const out = this.engine.output();
      said.push(...out.sends.map((send) => send.message));
      this.chosen.push(...out.chosen);
      this.opening = out.opening;
      for (const record of out.records) this.durable = keep(this.durable, record);
      this.records.push(...out.records);
      if (out.records.length > 0) this.engine.persisted(out.seq, ++this.unit);
      if (out.chosen.length > 0) this.engine.applied(out.chosenTo);
      if (out.records.length === 0 && out.chosen.length === 0) return said;
    }
  }
}

/** A promise that speaks for everything from slot 1 on. */
export function promiseOf(ballot: number, votes: readonly Entry[], chosenTo = 0): PromiseMessage {
  const whole = { slotFrom: chosenTo + 1, slotTo: SLOT_MAX, faulty: [], faultyFrom: SLOT_MAX };
  return { kind: "promise", ballot, chosenTo, votes, ...whole };
}

/** A batch as somebody voted for it. */
export function voteFor(text: string, slot: number, ballot: number, origin = ballot): Entry {
  return { slot, ballot, origin, anchored: true, kind: "batch", bytes: new TextEncoder().encode(text) };
}

/** What an entry holds, as text. */
export function shown(entry: Entry): string {
  return entry.kind === "batch"
    ? `${entry.slot} ${new TextDecoder().decode(entry.bytes)}`
    : `${entry.slot} ${entry.kind}`;
}

/** The messages of one kind. */
export function only<Kind extends Message["kind"]>(
  said: readonly Message[],
  kind: Kind,
): Extract<Message, { kind: Kind }>[] {
  return said.filter((message): message is Extract<Message, { kind: Kind }> => message.kind === kind);
}
