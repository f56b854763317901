import type { Ballot } from "./ballot.ts";
import type { EngineLimits } from "./config.ts";
import type { Entry } from "./entry.ts";
import type { Accept } from "./message.ts";
import type { Quorum } from "./quorum/quorum.ts";
import type { SlotWindow } from "./slot-window.ts";

/**
 * Phase 2 of one ballot: which slots are in flight, which of them left, and what is acknowledged.
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

  constructor(ballot: Ballot, startSlot: number) {
    this.ballot = ballot;
    this.startSlot = startSlot;
    this.nextSlot = startSlot;
    this.sentTo = startSlot - 1;
    this.ackFrom = startSlot;
  }

  /** Whether one more batch fits the window. One is always taken. */
  hasRoom(chosenTo: number, bytes: number, limits: EngineLimits): boolean {
    const slots = this.nextSlot - 1 - chosenTo;
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
   * Slots to `chosenTo` became known chosen by learning, in flight or not. They were not counted in this ballot, so it
   * speaks of none of them (rule 15), nor waits for them.
   */
  learned(chosenTo: number, votes: SlotWindow): void {
    this.ackFrom = chosenTo + 1;
    if (this.changeSlot <= chosenTo) this.changeSlot = 0;
    if (this.nextSlot <= chosenTo) this.nextSlot = chosenTo + 1;
    if (this.sentTo < chosenTo) this.sentTo = chosenTo;
    this.bytesInFlight = 0;
    for (let slot = chosenTo + 1; slot < this.nextSlot; slot++) this.bytesInFlight += votes.get(slot)!.bytes.length;
  }

  /** One ranged accept from `slotFrom` on; `null` if its first entry is no longer at hand. */
  acceptFrom(
    slotFrom: number,
    slotTo: number,
    votes: SlotWindow,
    chosenTo: number,
    limits: EngineLimits,
  ): Accept | null {
    const entries: Entry[] = [];
    let bytes = 0;
    for (let slot = slotFrom; slot <= slotTo && entries.length < limits.messageEntriesMax; slot++) {
      const entry = votes.get(slot);
      if (entry === null || entry.ballot !== this.ballot) break;
      bytes += entry.bytes.length;
      if (bytes > limits.messageBytesMax && entries.length > 0) break;
      entries.push(entry);
    }
    if (entries.length === 0) return null;
    return {
      kind: "accept",
      ballot: this.ballot,
      startSlot: this.startSlot,
      entries,
      ackFrom: this.ackFrom,
      ackTo: chosenTo,
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
