import type { Ballot, Message } from "@quorate/paxos";
import type { Addressed, Local } from "./local.ts";
import { Numbered } from "./numbered.ts";

/**
 * What decides which messages a node will never again take notice of. Only what no later step can take back: while the
 * node may still crash, only what a crash leaves it.
 */
export interface Ear {
  readonly promised: Ballot;
  /** The ballot that it campaigns or leads in, and whether it leads. When that is over, it is for ever. */
  readonly campaigned: Ballot;
  readonly leads: boolean;
  /** Every slot up to here is known chosen. */
  readonly chosenTo: number;
}

/** `mayCrash`: it may still lose what its disk does not have. */
export function earOf(local: Local, mayCrash: boolean): Ear {
  const { durable, campaigned, leads } = local;
  return mayCrash
    ? { promised: durable.promised, campaigned, leads, chosenTo: durable.chosenTo }
    : { promised: local.promised, campaigned, leads, chosenTo: local.chosenTo };
}

/**
 * Whether the receiver should never again take notice of the message: receiving it changes nothing, and what it answers to
 * it, if anything, was answered, or will itself never be taken notice of. Once dead, always dead: promised ballots and what
 * is known chosen only grow, a ballot is campaigned in once, and a lead that is over stays over. What this says of the
 * engine is not taken for granted: the search looks whether the engine does so (`EngineSystem`).
 */
export function isDead(message: Message, receiver: Ear, sender: Ear): boolean {
  switch (message.kind) {
    case "prepare":
    case "accept":
    case "heartbeat":
      // Answered by a reject, whatever is promised by then.
      return message.ballot < receiver.promised;
    case "promise":
      // A leader has all promises that it needs; no change of members, which could ask for more, is in the scope.
      if (message.ballot === receiver.campaigned) return receiver.leads;
      return message.ballot <= receiver.promised;
    case "accepted":
    case "heartbeat-answer":
    case "reject":
      return message.ballot !== receiver.campaigned && message.ballot <= receiver.promised;
    case "learn":
      return message.entries.every((entry) => entry.slot <= receiver.chosenTo);
    case "fetch":
      // Changes nothing; it is answered by `learn`, of which the sender takes no more notice.
      return message.slotFrom <= sender.chosenTo;
    default:
      return false;
  }
}

/** Whether a node says nothing new by saying `answer` to a dead message. */
export function isDeadAnswer(message: Message, answer: Message): boolean {
  switch (answer.kind) {
    case "reject":
      return "ballot" in message && message.ballot === answer.ballot;
    case "learn":
      return message.kind === "fetch";
    case "heartbeat":
      // A leader beats with each output: it did so when it became what it is.
      return true;
    default:
      return false;
  }
}

/** Messages, sets of messages, and ears, by number. */
export class Mail {
  private readonly addressed = new Numbered<Addressed>();
  private readonly sets = new Numbered<readonly number[]>();
  private readonly ears = new Numbered<Ear>();
  private readonly unions = new Map<number, number>();
  readonly empty: number = this.setOf([]);

  /** How many different messages were met. */
  get messageCount(): number {
    return this.addressed.size;
  }

  message(number: number): Addressed {
    return this.addressed.at(number);
  }

  messageNumber(addressed: Addressed): number {
    const { from, to, message } = addressed;
    const text = JSON.stringify(message, (_, item: unknown) => (item instanceof Uint8Array ? item.join() : item));
    return this.addressed.of(`${from} ${to} ${text}`, () => addressed);
  }

  earNumber(ear: Ear): number {
    return this.ears.of(`${ear.promised} ${ear.campaigned} ${ear.leads} ${ear.chosenTo}`, () => ear);
  }

  ear(number: number): Ear {
    return this.ears.at(number);
  }

  /** The set of messages of these numbers. */
  setOf(messages: Iterable<number>): number {
    const set = [...new Set(messages)].sort((one, other) => one - other);
    return this.sets.of(set.join(), () => set);
  }

  at(set: number): readonly number[] {
    return this.sets.at(set);
  }

  union(one: number, other: number): number {
    if (one === other || other === this.empty) return one;
    if (one === this.empty) return other;
    const key = one * 2 ** 26 + other;
    const known = this.unions.get(key);
    if (known !== undefined) return known;
    const union = this.setOf([...this.at(one), ...this.at(other)]);
    this.unions.set(key, union);
    return union;
  }
}
