import { Acceptor } from "./acceptor.ts";
import type { Ballot } from "./ballot.ts";
import type { EngineConfig } from "./config.ts";
import { Durability, type DurableMark, type MarkSource } from "./durability.ts";
import type { EngineEvent, IgnoreReason } from "./events.ts";
import { Gathering } from "./gathering.ts";
import { Grants } from "./lease.ts";
import { Learner } from "./learner.ts";
import type { Member } from "./members.ts";
import type { Message, Speaker } from "./message.ts";
import type { Send, Supply } from "./output.ts";
import { Peers } from "./peers.ts";
import { ReadIndex } from "./read-index.ts";
import type { Durable } from "./record.ts";
import { SlotWindow } from "./slot-window.ts";

/** What every role of one node works with: the acceptor, the learner, the peers, and the one way out. */
export class Core implements MarkSource {
  readonly config: EngineConfig;
  nowMs = 0;
  readonly durability: Durability;
  readonly acceptor: Acceptor;
  readonly learner: Learner;
  readonly peers: Peers;
  readonly grants: Grants;
  readonly reads: ReadIndex = new ReadIndex();
  readonly votes: SlotWindow;
  readonly sends: Gathering<Send> = new Gathering();
  readonly supply: Gathering<Supply> = new Gathering();
  readonly events: Gathering<EngineEvent> = new Gathering();
  private readonly unitAtStart: number;
  /** Messages of this node to itself, legal now, not yet received. */
  readonly loopback: Message[] = [];
  /** The ballot that this node campaigns or leads in; 0: none. A `prepare` of any other one may not leave. */
  campaigned: Ballot = 0;

  constructor(config: EngineConfig, durable: Durable) {
    this.config = config;
    this.votes = new SlotWindow(durable.base + 1);
    for (const entry of durable.accepted) if (entry.slot > durable.base) this.votes.set(entry);
    this.learner = new Learner(this.votes, durable.base, durable.governing);
    const mark = {
      seq: 0,
      promised: durable.promised,
      voteBallot: 0,
      acceptedTo: 0,
      chosenTo: durable.chosenTo,
      leaseMsMax: durable.leaseMsMax,
    };
    this.unitAtStart = durable.unit;
    this.durability = new Durability(this, durable.unit, mark);
    this.acceptor = new Acceptor(durable, this.votes, this.learner, this.durability, config.limits);
    this.peers = new Peers(durable.heard);
    this.grants = new Grants(0, this.acceptor.promised, durable.leaseMsMax);
  }

  get self(): Member {
    return { node: this.config.self, incarnation: this.config.incarnation, zone: 0 };
  }

  get speaker(): Speaker {
    const { self: node, incarnation, life } = this.config;
    return { node, incarnation, life, unit: this.durability.unit, unitAtStart: this.unitAtStart };
  }

  /** Whether anything was gathered for the coming output. */
  get hasOutput(): boolean {
    const { sends, supply, events, loopback, durability, learner, reads } = this;
    const handled = sends.length + supply.length + events.length + loopback.length;
    return handled + durability.records.length + learner.chosen.length + reads.answers.length > 0;
  }

  /** Whether this node votes in the set in force. */
  get isVoter(): boolean {
    return this.learner.quorum.bit(this.config.self, this.config.incarnation) !== 0;
  }

  /** Whether the disk is stalled: records handed out have waited for longer than a disk that works takes. */
  get diskStalled(): boolean {
    return this.nowMs - this.durability.waitingSinceMs > this.config.diskStallMs;
  }

  /** Whether `member` is in the set in force, with or without a vote. */
  isMember(node: number, incarnation: number): boolean {
    const { voters, nonVoters } = this.learner.governing.members;
    for (const member of voters) if (member.node === node && member.incarnation === incarnation) return true;
    for (const member of nonVoters) if (member.node === node && member.incarnation === incarnation) return true;
    return false;
  }

  /**
   * Whether the set in force has another incarnation of that node, which itself knows nothing of it: it knows chosen what
   * stands up to `chosenTo`. Ballots name nodes, so its ballots are the other one's from now on: it neither proposes above
   * that change nor is followed (rule 14).
   */
  isReplaced(node: number, incarnation: number, chosenTo: number): boolean {
    const { slot, members } = this.learner.governing;
    if (chosenTo >= slot) return false;
    const { voters, nonVoters } = members;
    for (const member of voters) if (member.node === node) return member.incarnation !== incarnation;
    for (const member of nonVoters) if (member.node === node) return member.incarnation !== incarnation;
    return false;
  }

  /** The other members of the set in force, by node. */
  others(): number[] {
    const { voters, nonVoters } = this.learner.governing.members;
    return [...voters, ...nonVoters].map((member) => member.node).filter((node) => node !== this.config.self);
  }

  /** The other voters of the set in force, by node. */
  otherVoters(): number[] {
    return this.learner.quorum.voters.map((voter) => voter.node).filter((node) => node !== this.config.self);
  }

  /** Legal at once. */
  send(to: readonly number[], message: Message): void {
    if (to.length === 0) return;
    if (to.includes(this.config.self)) {
      this.loopback.push(message);
      const others = to.filter((node) => node !== this.config.self);
      if (others.length > 0) this.sends.push({ to: others, message });
    } else this.sends.push({ to, message });
  }

  /** Speaks for records: leaves when all that were made so far are durable. */
  sendWhenDurable(to: readonly number[], message: Message): void {
    if (to.length > 0) this.durability.whenDurable(to, message);
  }

  ignore(from: number, message: Message["kind"], why: IgnoreReason): void {
    this.events.push({ kind: "ignored", from, message, why });
  }

  mark(seq: number): DurableMark {
    const { promised, voteBallot, acceptedTo } = this.acceptor;
    const { chosenTo } = this.learner;
    return { seq, promised, voteBallot, acceptedTo, chosenTo, leaseMsMax: this.grants.longestMs };
  }

  stillLegal(message: Message): boolean {
    if (message.kind === "promise" || message.kind === "heartbeat-answer")
      return message.ballot === this.acceptor.promised;
    if (message.kind === "prepare")
      return message.ballot === this.acceptor.promised && message.ballot === this.campaigned;
    return true;
  }
}
