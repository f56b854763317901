import type { Ballot } from "./ballot.ts";
import type { Core } from "./core.ts";
import type { Entry } from "./entry.ts";
import { must } from "./invariants.ts";
import type { Accept } from "./message.ts";
import type { Peer } from "./peers.ts";
import type { Quorum } from "./quorum/quorum.ts";

/**
 * Phase 2 of one ballot: which slots are in flight, which of them left and for whom they must be kept, and what is acknowledged.
 *
 * Source: L. Lamport, *Paxos Made Simple*, section 2.2, phase 2, and section 3; rules 4, 8, 10, 15, 16.
 */
export class AcceptPhase {
  readonly ballot: Ballot;
  /** startSlot(ballot): fixed from here on (rule 6). */
  readonly startSlot: number;
  /** The next slot to propose. */
  nextSlot: number;
  /** Accepts up to here have been handed out. */
  sentTo: number;
  /** Everything to here must be chosen and applied before the leader is open; 0: not known yet (rule 8). */
  openSlot = 0;
  /** Slots from here to chosenTo were counted chosen in this ballot (rule 15). */
  ackFrom: number;
  /** A membership change in flight: nothing above it is proposed (rule 10). 0: none. */
  changeSlot = 0;
  bytesInFlight = 0;
  private readonly core: Core;

  constructor(core: Core, ballot: Ballot, startSlot: number) {
    this.core = core;
    this.ballot = ballot;
    this.startSlot = startSlot;
    this.nextSlot = startSlot;
    this.sentTo = startSlot - 1;
    this.ackFrom = startSlot;
  }

  /** Whether one more batch fits the window. One is always taken. */
  hasRoom(bytes: number): boolean {
    const { limits } = this.core.config;
    const slots = this.nextSlot - 1 - this.core.learner.chosenTo;
    return slots === 0 || (slots < limits.windowSlots && this.bytesInFlight + bytes <= limits.windowBytesMax);
  }

  proposed(entry: Entry): void {
    this.nextSlot = entry.slot + 1;
    this.bytesInFlight += entry.bytes.length;
    if (entry.kind === "members") this.changeSlot = entry.slot;
  }

  chosen(entry: Entry): void {
    this.bytesInFlight -= entry.bytes.length;
    if (entry.slot === this.changeSlot) this.changeSlot = 0;
  }

  /**
   * Slots became known chosen by learning, in flight or not. They were not counted in this ballot, so it speaks of none of
   * them (rule 15), nor waits for them.
   */
  learned(): void {
    const { votes, learner } = this.core;
    const { chosenTo } = learner;
    this.ackFrom = chosenTo + 1;
    if (this.changeSlot <= chosenTo) this.changeSlot = 0;
    if (this.nextSlot <= chosenTo) this.nextSlot = chosenTo + 1;
    if (this.sentTo < chosenTo) this.sentTo = chosenTo;
    this.bytesInFlight = 0;
    for (let slot = chosenTo + 1; slot < this.nextSlot; slot++) this.bytesInFlight += votes.get(slot)!.bytes.length;
  }

  /** Whether something was proposed that did not leave yet. */
  get hasNew(): boolean {
    return this.sentTo < this.nextSlot - 1;
  }

  /** Hands out what was proposed and did not leave yet, to all members. */
  sendNew(): void {
    if (!this.hasNew) return;
    const others = this.core.others();
    while (this.hasNew) {
      const accept = this.acceptFrom(this.sentTo + 1, this.nextSlot - 1);
      must(accept !== null, "what was proposed and not sent is at hand");
      this.core.send(others, accept);
      this.sentTo = accept.entries[accept.entries.length - 1]!.slot;
    }
  }

  /** A follower that answers twice with the same watermark, below what left, has lost something on the way. */
  resendLost(peer: Peer, acceptedTo: number): void {
    const stuck = acceptedTo === peer.acceptedToBefore && acceptedTo < this.sentTo;
    peer.acceptedToBefore = acceptedTo;
    if (!stuck) return;
    const again = this.acceptFrom(acceptedTo + 1, this.sentTo);
    if (again !== null) this.core.send([peer.node], again);
  }

  /** No entry from here on is dropped from memory: a follower that answers may still need it as an accept. */
  keepFrom(): number {
    const { core } = this;
    let keep = this.nextSlot;
    for (const { node, incarnation } of core.learner.quorum.voters) {
      if (node === core.config.self) continue;
      const peer = core.peers.of(node, incarnation);
      if (core.nowMs - peer.answeredMs < core.config.electionTimeoutMs) keep = Math.min(keep, peer.acceptedTo + 1);
    }
    return Math.max(keep, this.nextSlot - core.config.limits.windowSlots);
  }

  /** One ranged accept of slotFrom … slotTo, as far as it goes; `null` if its first entry is no longer at hand. */
  private acceptFrom(slotFrom: number, slotTo: number): Accept | null {
    const { votes, learner, config } = this.core;
    const { messageEntriesMax, messageBytesMax } = config.limits;
    const entries: Entry[] = [];
    let bytes = 0;
    for (let slot = slotFrom; slot <= slotTo && entries.length < messageEntriesMax; slot++) {
      const entry = votes.get(slot);
      if (entry === null || entry.ballot !== this.ballot) break;
      bytes += entry.bytes.length;
      if (bytes > messageBytesMax && entries.length > 0) break;
      entries.push(entry);
    }
    if (entries.length === 0) return null;
    return {
      kind: "accept",
      ballot: this.ballot,
      startSlot: this.startSlot,
      entries,
      ackFrom: this.ackFrom,
      ackTo: learner.chosenTo,
    };
  }
}

/** The bits of the voters whose durable watermark covers `slot` (rule 16: distinct identities, this ballot). */
export function votesFor(
  slot: number,
  quorum: Quorum,
  watermarkOf: (node: number, incarnation: number) => number,
): number {
  let votes = 0;
  for (let index = 0; index < quorum.voters.length; index++) {
    const voter = quorum.voters[index]!;
    if (watermarkOf(voter.node, voter.incarnation) >= slot) votes |= 1 << index;
  }
  return votes;
}
