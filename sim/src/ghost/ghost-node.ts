import { ballotOfRecord, type StoredRecord } from "@quorate/log";
import type { DurableRecord, Governing, Member } from "@quorate/paxos";
import { BySlot } from "./by-slot.ts";
import { DiskFacts } from "./disk-facts.ts";
import type { GhostLog } from "./ghost-log.ts";
import type { Value } from "./value.ts";

/** A vote as an engine wrote it, synced or not. `at`: the moment, counted in events. */
export interface Recorded {
  readonly ballot: number;
  readonly value: Value;
  readonly at: number;
}

const NEVER: readonly Recorded[] = [];

/** One node, as an observer sees it: what its engine said, and what its disk holds. */
export class GhostNode {
  readonly id: number;
  /** Which life of its disk, and what it was formed as. */
  member: Member;
  /** Of the process. */
  life = 0;
  alive = true;
  /** Its disk is gone, or an old copy of it: nobody listens to it under this incarnation. */
  refused = false;
  /** Some of what its disk held cannot be read. */
  damaged = false;
  /** Promised, in the order in which the engine wrote it, synced or not. */
  promised = 0;
  /** The same before its last output: messages of that may have been made earlier in the turn than its last promise. */
  promisedBefore = 0;
  /** Known chosen, as its engine says. */
  chosenTo = 0;
  appliedTo = 0;
  governing: Governing | null = null;
  leader = 0;
  /** The ballot that it is open in; 0: none. */
  opening = 0;
  /** The same two before its last output: what it said in that turn it may have said before they changed. */
  governingBefore: Governing | null = null;
  openingBefore = 0;
  /** Records that its engine wrote and its disk does not hold yet, in order. */
  unsynced: DurableRecord[] = [];
  /** When a prepare of each ballot first reached it, counted in events. */
  readonly prepared: Map<number, number> = new Map<number, number>();
  /** What its disk holds now; read anew whenever a process starts. */
  disk: DiskFacts = new DiskFacts();
  /** All that its disk ever held. */
  everHeld: DiskFacts = new DiskFacts();
  /** The highest ballot that its disk ever held as promised, by a promise or by a vote that it cast: what it learned was promised by others. */
  everPromised = 0;
  lastSyncMs = 0;
  /** The highest slot that a vote was written for. */
  topSlot = 0;
  #heldTo = 0;
  readonly #recorded = new BySlot<Recorded[]>();

  constructor(id: number) {
    this.id = id;
    this.member = { node: id, incarnation: 0, zone: 0 };
  }

  /** A record is durable. */
  holds(record: StoredRecord, value: Value | null, moved: boolean): void {
    this.disk.note(record, value, moved);
    this.everHeld.note(record, value, moved);
    const ballot = ballotOfRecord(record);
    if (ballot > this.everPromised && (record.kind !== "accepted" || ballot <= this.promised))
      this.everPromised = ballot;
  }

  /** Votes that were written for a slot, oldest first, since it was known chosen or all of them. */
  recorded(slot: number): readonly Recorded[] {
    return this.#recorded.get(slot) ?? NEVER;
  }

  record(slot: number, ballot: number, value: Value, at: number): void {
    const votes = this.#recorded.get(slot);
    if (slot > this.topSlot) this.topSlot = slot;
    if (votes === undefined) this.#recorded.set(slot, [{ ballot, value, at }]);
    else votes.push({ ballot, value, at });
  }

  /** A process ended, and with it all that was not on the disk: of these votes only those that are. */
  forgetUnsynced(): void {
    this.unsynced = [];
    for (const [slot, votes] of this.#recorded) {
      const held = this.disk.votes.get(slot);
      const kept = held === undefined ? [] : votes.filter((vote) => vote.ballot <= held.ballot);
      if (kept.length === 0) this.#recorded.delete(slot);
      else if (kept.length < votes.length) this.#recorded.set(slot, kept);
    }
  }

  /** Its disk holds what is chosen in every slot to here. Grows with the log and with the disk. */
  heldTo(log: GhostLog): number {
    const { snapshotTo, votes } = this.disk;
    if (this.#heldTo < snapshotTo) this.#heldTo = snapshotTo;
    while (this.#heldTo < log.chosenTo) {
      const slot = this.#heldTo + 1;
      const held = votes.get(slot);
      if (held === undefined || held.value !== log.chosen(slot)) break;
      this.#heldTo = slot;
    }
    return this.#heldTo;
  }

  /** It has a disk of another life: what the one before held is not its own. */
  becomes(member: Member): void {
    this.member = member;
    this.refused = false;
    this.everHeld = new DiskFacts();
    this.everPromised = 0;
    this.unsynced = [];
    this.topSlot = 0;
    this.prepared.clear();
    this.#recorded.clear();
  }

  /** The disk was read anew. */
  hold(disk: DiskFacts): void {
    this.disk = disk;
    this.#heldTo = 0;
  }
}
