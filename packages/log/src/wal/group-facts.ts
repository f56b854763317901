import type { Durable, Entry, Governing, HeardPeer } from "@quorate/paxos";
import { FaultMarks } from "./fault-marks.ts";
import { RecordType } from "./format.ts";
import type { LostRecord, StoredRecord, TrimRecord } from "./record-codec.ts";
import type { SlotIndex } from "./slot-index.ts";

/** A fact and the segment that holds its record. */
export interface PlacedFact {
  readonly record: StoredRecord;
  readonly segment: number;
}

/**
 * The durable facts of one group but its votes, with the segment that holds each: what recovery gathers in log order,
 * and what must be appended anew before a segment goes.
 */
export class GroupFacts {
  /** By kind; those of kind `members` by slot, beside. */
  readonly #facts = new Map<StoredRecord["kind"], PlacedFact>();
  readonly #members = new Map<number, PlacedFact>();
  readonly #marks = new FaultMarks();
  /** Kinds of which a record was read that was not moved: a moved one is older than it. */
  readonly #seen = new Set<StoredRecord["kind"]>();
  #promised = 0;
  /** What a promised record states; votes raise the promised ballot too (rule 2). */
  #promisedStated = 0;
  #base = 0;
  #chosenTo = 0;
  #leaseMsMax = 0;
  #heard: readonly HeardPeer[] = [];
  #trim: TrimRecord | null = null;
  #promisedLost = false;
  /** Something was lost, and no later record states the marks. */
  #lossUnstated = false;

  /** Everything to here is covered by a durable checkpoint. */
  get base(): number {
    return this.#base;
  }

  get promisedLost(): boolean {
    return this.#promisedLost;
  }

  /** Whether the marks must be appended, so that they outlive the segment with the damage. */
  get lossUnstated(): boolean {
    return this.#lossUnstated;
  }

  /** The marks as they stand. */
  marks(): { readonly slots: readonly number[]; readonly from: number } {
    return this.#marks.above(this.#base);
  }

  /** A record of this group that was appended anew from segment `from` is durable in `to`. */
  move(record: StoredRecord, from: number, to: number): void {
    if (record.kind === "promised") this.#promisedStated = Math.max(this.#promisedStated, record.ballot);
    const facts = record.kind === "members" ? this.#members : this.#facts;
    const name = record.kind === "members" ? record.governing.slot : record.kind;
    const fact = (facts as Map<string | number, PlacedFact>).get(name);
    if (fact === undefined || fact.segment === from) {
      (facts as Map<string | number, PlacedFact>).set(name, { record, segment: to });
    }
  }

  /** A durable record, in log order. Votes: only their effect on marks and on the promised ballot. */
  note(record: StoredRecord, moved: boolean, segment: number): void {
    if (record.kind === "accepted") {
      this.#promised = Math.max(this.#promised, record.entry.ballot);
      if (!moved) this.#marks.cure(record.entry.slot);
      return;
    }
    if (record.kind === "members") {
      this.#promised = Math.max(this.#promised, record.governing.floor);
      this.#chosenTo = Math.max(this.#chosenTo, record.governing.slot);
      if (this.#trim === null || record.governing.slot > this.#trim.governing.slot) {
        this.#members.set(record.governing.slot, { record, segment });
      }
      return;
    }
    if (record.kind === "born") return;
    if (moved && this.#seen.has(record.kind)) return;
    if (!moved) this.#seen.add(record.kind);
    switch (record.kind) {
      case "promised":
        if (record.ballot < this.#promised && this.#facts.has("promised")) return;
        this.#promised = Math.max(this.#promised, record.ballot);
        this.#promisedStated = record.ballot;
        // Promised ballots only rise, so a later one makes up for a lost one; not after "promised-lost", which is for good.
        if (!moved && !this.#facts.has("promised-lost")) this.#promisedLost = false;
        break;
      case "chosen":
        if (record.slot < this.#chosenTo && this.#facts.has("chosen")) return;
        this.#chosenTo = Math.max(this.#chosenTo, record.slot);
        break;
      case "faulty":
        this.#marks.replace(record.slots, record.from);
        this.#lossUnstated = false;
        break;
      case "heard":
        this.#heard = record.peers;
        break;
      case "lease":
        this.#leaseMsMax = record.leaseMsMax;
        break;
      case "trim":
        if (record.base < this.#base) return;
        this.#base = record.base;
        this.#trim = record;
        this.#promised = Math.max(this.#promised, record.governing.floor);
        for (const slot of this.#members.keys()) if (slot <= record.governing.slot) this.#members.delete(slot);
        break;
      case "promised-lost":
        this.#promisedLost = true;
        break;
    }
    this.#facts.set(record.kind, { record, segment });
  }

  /** A record of this group is lost whose kind and slot are known. */
  lose(lost: LostRecord): void {
    switch (lost.type) {
      case RecordType.accepted:
        this.#lossUnstated = true;
        this.#marks.mark(lost.slot);
        return;
      case RecordType.promised:
      case RecordType.promisedLost:
      case RecordType.members:
        this.#lossUnstated = true;
        this.#promisedLost = true;
        return;
      case RecordType.faulty:
        this.#lossUnstated = true;
        this.#marks.markAbove(Math.max(this.#base, this.#chosenTo));
        return;
      case RecordType.lease:
      case RecordType.heard:
      case RecordType.chosen:
      case RecordType.trim:
        // Lease: made up for below, from the sets. Chosen: only saves work (rule 17). Trim: its snapshot says the same.
        return;
      default:
        this.loseAny();
    }
  }

  /** Records are lost of which nothing is known: of this group, any vote that was not known chosen, and the promised ballot. */
  loseAny(): void {
    this.#lossUnstated = true;
    this.#promisedLost = true;
    this.#marks.markAbove(Math.max(this.#base, this.#chosenTo));
  }

  /**
   * What must be appended anew before `segment` goes: the facts whose records stand there, and the promised ballot where only
   * votes tell it, for those may stand there too.
   */
  factsIn(segment: number): StoredRecord[] {
    const records: StoredRecord[] = [];
    for (const fact of this.#facts.values()) {
      if (fact.segment !== segment || fact.record.kind === "promised") continue;
      records.push(fact.record.kind === "faulty" ? { kind: "faulty", ...this.marks() } : fact.record);
    }
    if (this.#promised > this.#promisedStated || this.#facts.get("promised")?.segment === segment) {
      records.push({ kind: "promised", ballot: this.#promised });
    }
    for (const fact of this.#members.values()) if (fact.segment === segment) records.push(fact.record);
    return records;
  }

  /** The engine's first state. Drops from `index` the votes that a lost later one makes worthless: those of slots known chosen. */
  durable(index: SlotIndex, unit: number): Durable {
    const marks = this.marks();
    const knownChosenTo = Math.max(this.#chosenTo, this.#base);
    for (const slot of marks.slots) if (slot <= knownChosenTo) index.delete(slot);
    const governing: Governing[] = this.#trim === null ? [] : [this.#trim.governing];
    const later = [...this.#members.values()].map((fact) => fact.record);
    for (const record of later) if (record.kind === "members") governing.push(record.governing);
    governing.sort((left, right) => left.slot - right.slot);
    const floorTo = Math.max(this.#base, governing.at(-1)?.slot ?? 0);
    const firstFaulty = Math.min(marks.slots[0] ?? marks.from, marks.from);
    const accepted: Entry[] = [];
    for (const indexed of index.values()) {
      if (indexed.slot > this.#base && indexed.entry !== null) accepted.push(indexed.entry);
    }
    accepted.sort((left, right) => left.slot - right.slot);
    let leaseMsMax = this.#leaseMsMax;
    for (const set of governing) leaseMsMax = Math.max(leaseMsMax, set.members.leaseMs);
    return {
      promised: this.#promised,
      base: this.#base,
      governing,
      accepted,
      chosenTo: Math.max(floorTo, Math.min(this.#chosenTo, firstFaulty - 1)),
      faulty: marks.slots,
      faultyFrom: marks.from,
      promisedLost: this.#promisedLost,
      leaseMsMax,
      heard: this.#heard,
      unit,
    };
  }
}
