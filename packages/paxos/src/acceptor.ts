import type { Ballot } from "./ballot.ts";
import { type EngineLimits, openSlotsMax } from "./config.ts";
import type { Durability } from "./durability.ts";
import type { Entry } from "./entry.ts";
import { must } from "./invariants.ts";
import type { Learner } from "./learner.ts";
import { type PromiseMessage, SLOT_MAX } from "./message.ts";
import type { Damage } from "./output.ts";
import type { Durable } from "./record.ts";
import type { SlotWindow } from "./slot-window.ts";

/** Faulty slots in one page of a promise. */
const FAULTY_IN_PAGE_MAX = 4_096;

/**
 * The acceptor: the promised ballot, the votes of the open slots, and which slots cannot be read. Whatever changes here
 * makes a record first; nothing is said about it before that is durable (`Durability`).
 *
 * Source: L. Lamport, *Paxos Made Simple*, section 2.2, P1a; rules 1 to 5.
 */
export class Acceptor {
  promised: Ballot;
  /** The ballot whose accepts are followed, and that `acceptedTo` speaks of. */
  voteBallot: Ballot = 0;
  /** startSlot(voteBallot). */
  startSlot = 0;
  /** Every slot from startSlot to here is accepted in voteBallot, or known chosen (rule 4). */
  acceptedTo = 0;
  /** The promised ballot may be lost: this incarnation never promises nor accepts again (rule 5). */
  readonly mute: boolean;
  readonly faulty: Set<number>;
  /** What cannot be read here, for people. */
  damage: Damage;
  readonly votes: SlotWindow;
  /** Accepts of voteBallot that came before those below them; votes for nothing. */
  private readonly ahead = new Map<number, Entry>();
  private readonly durability: Durability;
  private readonly learner: Learner;
  private readonly limits: EngineLimits;

  constructor(durable: Durable, votes: SlotWindow, learner: Learner, durability: Durability, limits: EngineLimits) {
    this.promised = Math.max(durable.promised, ...durable.governing.map((set) => set.floor));
    this.mute = durable.promisedLost;
    this.faulty = new Set(durable.faulty.filter((slot) => slot > durable.base));
    this.damage = { faulty: this.faulty.size, cured: 0, mute: this.mute };
    this.votes = votes;
    this.learner = learner;
    this.durability = durability;
    this.limits = limits;
  }

  /** Promises nothing below `ballot` any more. Returns whether that is news. */
  raise(ballot: Ballot): boolean {
    if (ballot <= this.promised) return false;
    this.promised = ballot;
    this.durability.record({ kind: "promised", ballot });
    return true;
  }

  /** One page of what was accepted from `slotFrom` on (rules 2, 5 and 6). */
  promise(slotFrom: number): PromiseMessage {
    const { chosenTo } = this.learner;
    const from = Math.max(slotFrom, chosenTo + 1);
    const votes: Entry[] = [];
    let bytes = 0;
    let slotTo = SLOT_MAX;
    for (let slot = from; slot <= this.votes.top; slot++) {
      const vote = this.votes.get(slot);
      if (vote === null) continue;
      const full =
        votes.length >= this.limits.messageEntriesMax || bytes + vote.bytes.length > this.limits.messageBytesMax;
      if (full && votes.length > 0) {
        slotTo = slot - 1;
        break;
      }
      votes.push(vote);
      bytes += vote.bytes.length;
    }
    let faulty = [...this.faulty].filter((slot) => slot >= from && slot <= slotTo).sort((a, b) => a - b);
    if (faulty.length > FAULTY_IN_PAGE_MAX) {
      slotTo = faulty[FAULTY_IN_PAGE_MAX]! - 1;
      faulty = faulty.slice(0, FAULTY_IN_PAGE_MAX);
      while (votes.length > 0 && votes.at(-1)!.slot > slotTo) votes.pop();
    }
    return {
      kind: "promise",
      ballot: this.promised,
      slotFrom,
      slotTo,
      chosenTo,
      votes,
      faulty,
    };
  }

  /** Follows the accepts of `ballot`, which is promised, from `startSlot` on. Returns false if the ballot is known with another start. */
  follow(ballot: Ballot, startSlot: number): boolean {
    must(ballot === this.promised, "accepts are followed only in the promised ballot");
    if (this.voteBallot === ballot) return this.startSlot === startSlot;
    this.voteBallot = ballot;
    this.startSlot = startSlot;
    this.acceptedTo = startSlot - 1;
    this.ahead.clear();
    this.advance();
    this.durability.refresh();
    return true;
  }

  /** Votes for consecutive entries of voteBallot. Returns whether a gap kept it from voting for all of them. */
  accept(entries: readonly Entry[]): boolean {
    for (const entry of entries) {
      if (entry.slot <= this.acceptedTo) continue;
      if (entry.slot === this.acceptedTo + 1 && entry.slot - this.learner.chosenTo <= this.aheadMax) {
        this.vote(entry);
        this.advance();
      } else if (entry.slot - this.learner.chosenTo <= this.aheadMax) {
        this.ahead.set(entry.slot, entry);
      }
    }
    return entries[entries.length - 1]!.slot > this.acceptedTo;
  }

  /**
   * The watermark passes over what is known chosen, and over votes of exactly voteBallot (rule 4). An entry of a higher
   * ballot was learned, since nobody votes above what it promised: known chosen, even if a restart forgot to say so.
   */
  advance(): void {
    for (;;) {
      const next = this.acceptedTo + 1;
      if (next <= this.learner.chosenTo) {
        this.acceptedTo = this.learner.chosenTo;
        continue;
      }
      const vote = this.votes.get(next);
      const learned = vote !== null && this.voteBallot > 0 && vote.ballot > this.voteBallot;
      if (learned || (vote !== null && vote.ballot === this.voteBallot && !this.isFaulty(next))) {
        this.acceptedTo = next;
        continue;
      }
      const early = this.ahead.get(next);
      if (early === undefined || this.voteBallot !== this.promised) break;
      this.ahead.delete(next);
      this.vote(early);
    }
    if (this.ahead.size > 0) for (const slot of this.ahead.keys()) if (slot <= this.acceptedTo) this.ahead.delete(slot);
  }

  /** Accepts that wait for those below them, for `fingerprint`. */
  early(): ReadonlyMap<number, Entry> {
    return this.ahead;
  }

  /** Stores the chosen value of chosenTo + 1, as its teller holds it (rule 1). */
  learn(entry: Entry): void {
    must(entry.slot === this.learner.chosenTo + 1, "entries are learned in slot order");
    const own = this.votes.get(entry.slot);
    if (own !== null && own.ballot >= entry.ballot && !this.isFaulty(entry.slot)) {
      must(
        isSameValue(own, entry),
        `slot ${entry.slot}: a vote in ballot ${own.ballot} holds the value chosen below it`,
      );
      return;
    }
    this.store(entry);
  }

  /**
   * Whether `entry`, told as chosen, can be. A vote of its ballot or a higher one holds the value that was chosen there; if
   * another is told, the teller is wrong, or this node is: neither is followed.
   */
  mayLearn(entry: Entry): boolean {
    const own = this.votes.get(entry.slot);
    return own === null || own.ballot < entry.ballot || this.isFaulty(entry.slot) || isSameValue(own, entry);
  }

  isFaulty(slot: number): boolean {
    return this.faulty.has(slot);
  }

  /** A snapshot covers everything to `slot`. */
  installed(slot: number): void {
    this.votes.dropTo(slot);
    let cured = 0;
    for (const faulty of this.faulty) if (faulty <= slot && this.faulty.delete(faulty)) cured++;
    if (cured > 0) {
      this.curedSome(cured);
      this.recordFaulty();
    }
    if (this.voteBallot > 0 && this.acceptedTo < slot) this.acceptedTo = slot;
    this.advance();
  }

  private curedSome(slots: number): void {
    this.damage = { ...this.damage, faulty: this.faulty.size, cured: this.damage.cured + slots };
  }

  private get aheadMax(): number {
    return openSlotsMax(this.limits);
  }

  private vote(entry: Entry): void {
    must(entry.ballot === this.voteBallot && entry.ballot === this.promised, "a vote is cast in the promised ballot");
    const own = this.votes.get(entry.slot);
    must(own === null || own.ballot <= entry.ballot, "a vote never replaces one of a higher ballot");
    this.store(entry);
  }

  private store(entry: Entry): void {
    this.votes.set(entry);
    this.durability.record({ kind: "accepted", entry });
    if (this.faulty.delete(entry.slot)) this.curedSome(1);
  }

  private recordFaulty(): void {
    const slots = [...this.faulty].sort((a, b) => a - b);
    this.durability.record({ kind: "faulty", slots });
  }
}

function isSameValue(one: Entry, other: Entry): boolean {
  return one.origin === other.origin && one.kind === other.kind && one.bytes.length === other.bytes.length;
}
