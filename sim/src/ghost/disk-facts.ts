import type { StoredRecord } from "@quorate/log";
import type { Governing } from "@quorate/paxos";
import { BySlot } from "./by-slot.ts";
import type { Value } from "./value.ts";

/** A vote as a disk holds it. */
export interface HeldVote {
  readonly ballot: number;
  readonly value: Value;
}

/** What one disk holds for certain: what a power loss now would leave, as its bytes say, not as its host believes. */
export class DiskFacts {
  promised = 0;
  /** The longest lease that a restart waits for: of its own record, or of a set that is on the disk. */
  leaseMsMax = 0;
  #setsLeaseMsMax = 0;
  /** The vote of the highest ballot. */
  readonly votes: BySlot<HeldVote> = new BySlot<HeldVote>();
  governing: Governing | null = null;
  /** The log below may be gone: so its own record says. */
  trimmedTo = 0;
  /** Whole snapshots cover everything to here. */
  snapshotTo = 0;
  readonly faulty: Set<number> = new Set<number>();
  promisedLost = false;

  /** A record is on the disk. `value`: of a vote. */
  note(record: StoredRecord, value: Value | null, moved: boolean): void {
    switch (record.kind) {
      case "promised":
        this.promised = Math.max(this.promised, record.ballot);
        return;
      case "accepted": {
        const { ballot, slot } = record.entry;
        this.promised = Math.max(this.promised, ballot);
        const held = this.votes.get(slot);
        if (held === undefined || held.ballot <= ballot) this.votes.set(slot, { ballot, value: value! });
        if (!moved && this.faulty.size > 0) this.faulty.delete(slot);
        return;
      }
      case "members":
        this.promised = Math.max(this.promised, record.governing.floor);
        this.#noteSet(record.governing);
        if (this.governing === null || record.governing.slot > this.governing.slot) this.governing = record.governing;
        return;
      case "lease":
        if (!moved) this.leaseMsMax = Math.max(record.leaseMsMax, this.#setsLeaseMsMax);
        else this.leaseMsMax = Math.max(this.leaseMsMax, record.leaseMsMax);
        return;
      case "trim":
        this.trimmedTo = Math.max(this.trimmedTo, record.base);
        this.promised = Math.max(this.promised, record.governing.floor);
        this.#noteSet(record.governing);
        return;
      case "faulty":
        for (const slot of record.slots) this.faulty.add(slot);
        return;
      case "promised-lost":
        this.promisedLost = true;
        return;
      default:
        return;
    }
  }

  /** Whether a record tells of nothing that these facts do not hold: it was, or may have been, among them. */
  implies(record: StoredRecord): boolean {
    switch (record.kind) {
      case "promised":
        return record.ballot <= this.promised;
      case "accepted":
        return (this.votes.get(record.entry.slot)?.ballot ?? 0) >= record.entry.ballot;
      case "members":
        return record.governing.slot <= (this.governing?.slot ?? -1);
      case "trim":
        return record.base <= this.trimmedTo;
      case "lease":
        return record.leaseMsMax <= this.leaseMsMax;
      default:
        return true;
    }
  }

  #noteSet({ members }: Governing): void {
    this.#setsLeaseMsMax = Math.max(this.#setsLeaseMsMax, members.leaseMs);
    this.leaseMsMax = Math.max(this.leaseMsMax, members.leaseMs);
  }

  isFaulty(slot: number): boolean {
    return this.faulty.has(slot);
  }
}
