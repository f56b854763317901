import type { Durable, Entry, Governing, HeardPeer } from "@quorate/paxos";
import { RecordType } from "./format.ts";
import {
  FAULTY_SLOTS_MAX,
  type LostRecord,
  type Restated,
  type StoredRecord,
  type TrimRecord,
} from "./record-codec.ts";
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
  /** Slots that cannot be read (rule 5). A vote cast, or a chosen value learned, after the loss cures its slot. */
  readonly #faulty = new Set<number>();
  /** Records are lost, and no later one says yet how far they reached: any vote above this slot may be among them. Infinity: none are. */
  #lostAbove = Number.POSITIVE_INFINITY;
  /** The highest slot that any record states. */
  #slotLast = 0;
  /** Kinds of which a record was read that was not moved: a moved one is older than it. */
  readonly #seen = new Set<StoredRecord["kind"]>();
  #promised = 0;
  /** What a promised record states; votes raise the promised ballot too (rule 2). */
  #promisedStated = 0;
  #base = 0;
  #chosenTo = 0;
  /** The same before the stretch of log that is being read. */
  #chosenToBefore = 0;
  #leaseMsMax = 0;
  #heard: readonly HeardPeer[] = [];
  #trim: TrimRecord | null = null;
  /** A promise may be lost, and no later record states the promised ballot. */
  #promisedDoubtful = false;
  /** It is stated to be lost, which is for good. */
  #promisedLost = false;
  /** Something was lost, and no later record states the marks. */
  #lossUnstated = false;

  /** Everything to here is covered by a durable checkpoint. */
  get base(): number {
    return this.#base;
  }

  /** The promised ballot may be lost: this incarnation never promises nor accepts again. */
  get promisedLost(): boolean {
    return this.#promisedLost || this.#promisedDoubtful;
  }

  get promised(): number {
    return this.#promised;
  }

  /** The highest slot voted for, learned or faulty. */
  get slotLast(): number {
    return this.#slotLast;
  }

  /** Whether what was lost must be stated, so that it outlives the segment with the damage. */
  get lossUnstated(): boolean {
    return this.#lossUnstated;
  }

  /** The records that state it: appended before anything else. */
  statements(): readonly StoredRecord[] {
    const records: StoredRecord[] = [{ kind: "faulty", slots: this.faulty() }];
    if (this.#leaseMsMax > 0) records.push({ kind: "lease", leaseMsMax: this.#leaseMsMax });
    if (this.promisedLost) records.push({ kind: "promised-lost" });
    return records;
  }

  /** The unreadable slots above the base, ascending. */
  faulty(): readonly number[] {
    return [...this.#faulty].filter((slot) => slot > this.#base).sort((left, right) => left - right);
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

  /** A stretch of log that may have lost some of its records is about to be read: a unit, or a row of places where units are missing. */
  stretchBegins(): void {
    this.#chosenToBefore = this.#chosenTo;
  }

  /** What a record, durable and in log order, states again; before {@link note}. */
  restate({ promised, promisedLost, slotLast }: Restated): void {
    this.#promised = Math.max(this.#promised, promised);
    this.#slotLast = Math.max(this.#slotLast, slotLast);
    this.#promisedDoubtful = false;
    if (promisedLost) this.#promisedLost = true;
    this.#boundLoss(slotLast);
  }

  /** The whole log was read: records lost at its end may have reached this many slots further than anything that can be read. */
  ended(slotsFurther: number): void {
    this.#boundLoss(Math.max(this.#slotLast, this.#base, this.#chosenTo) + slotsFurther);
  }

  #boundLoss(slotLast: number): void {
    if (this.#lostAbove === Number.POSITIVE_INFINITY) return;
    this.#markAll(this.#lostAbove + 1, slotLast);
    this.#lostAbove = Number.POSITIVE_INFINITY;
  }

  #markAll(slotFrom: number, slotTo: number): void {
    if (slotTo - slotFrom + this.#faulty.size >= FAULTY_SLOTS_MAX) {
      this.#lossUnstated = true;
      this.#promisedLost = true;
      return;
    }
    for (let slot = slotFrom; slot <= slotTo; slot++) this.#faulty.add(slot);
    this.#slotLast = Math.max(this.#slotLast, slotTo);
  }

  /** A durable record, in log order. Votes: only their effect on marks and on the promised ballot. */
  note(record: StoredRecord, moved: boolean, segment: number): void {
    if (record.kind === "accepted") {
      this.#promised = Math.max(this.#promised, record.entry.ballot);
      this.#slotLast = Math.max(this.#slotLast, record.entry.slot);
      if (!moved) this.#faulty.delete(record.entry.slot);
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
        break;
      case "chosen":
        if (record.slot < this.#chosenTo && this.#facts.has("chosen")) return;
        this.#chosenTo = Math.max(this.#chosenTo, record.slot);
        break;
      case "faulty":
        // Beside what was found since: it may stand before this record, and is unknown to it.
        for (const slot of record.slots) this.#faulty.add(slot);
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

  /** A record of this group is lost; what it was about is known. */
  lose({ type, subject, restated }: LostRecord): void {
    if (restated !== null) this.restate(restated);
    switch (type) {
      case RecordType.accepted:
        this.#lossUnstated = true;
        this.#faulty.add(subject);
        this.#slotLast = Math.max(this.#slotLast, subject);
        return;
      case RecordType.promised:
        this.#promised = Math.max(this.#promised, subject);
        return;
      case RecordType.lease:
        this.#lossUnstated = true;
        this.#leaseMsMax = Math.max(this.#leaseMsMax, subject);
        return;
      case RecordType.trim:
        this.#base = Math.max(this.#base, subject);
        return;
      case RecordType.promisedLost:
        this.#lossUnstated = true;
        this.#promisedLost = true;
        return;
      case RecordType.faulty:
        this.#lossUnstated = true;
        this.#loseAbove();
        return;
      case RecordType.members:
      case RecordType.chosen:
      case RecordType.heard:
      case RecordType.born:
        // Members: its entry is a vote, and its floor was promised; the change is learned again (`durable`). Chosen: only saves work (rule 17).
        return;
      default:
        this.loseAny();
    }
  }

  /** Records are lost of which nothing is known: of this group, any vote that was not known chosen, and the promised ballot. */
  loseAny(): void {
    this.#lossUnstated = true;
    this.#promisedDoubtful = true;
    this.#loseAbove();
  }

  /**
   * What is known chosen by a record of the very stretch that lost others is no reason to trust the vote that is left of a slot: the value that was chosen may
   * have been learned there, and be lost.
   */
  #loseAbove(): void {
    this.#lostAbove = Math.min(this.#lostAbove, Math.max(this.#base, this.#chosenToBefore));
  }

  /**
   * What must be appended anew before `segment` goes: the facts whose records stand there, and the promised ballot where only
   * votes tell it, for those may stand there too.
   */
  factsIn(segment: number): StoredRecord[] {
    const records: StoredRecord[] = [];
    for (const fact of this.#facts.values()) {
      if (fact.segment !== segment || fact.record.kind === "promised") continue;
      records.push(fact.record.kind === "faulty" ? { kind: "faulty", slots: this.faulty() } : fact.record);
    }
    if (this.#promised > this.#promisedStated || this.#facts.get("promised")?.segment === segment) {
      records.push({ kind: "promised", ballot: this.#promised });
    }
    for (const fact of this.#members.values()) if (fact.segment === segment) records.push(fact.record);
    return records;
  }

  /**
   * The engine's first state. Drops from `index` the votes that a lost later one makes worthless: those of slots known chosen.
   *
   * @param coveredTo - a snapshot stands here that covers everything to this slot.
   */
  durable(index: SlotIndex, coveredTo: number, unit: number): Durable {
    const base = Math.max(this.#base, coveredTo);
    const governing: Governing[] = this.#trim === null ? [] : [this.#trim.governing];
    for (const { record } of this.#members.values()) if (record.kind === "members") governing.push(record.governing);
    governing.sort((left, right) => left.slot - right.slot);
    const floorTo = Math.max(base, governing.at(-1)?.slot ?? 0);
    const knownChosenTo = Math.max(floorTo, this.#chosenTo);
    this.#markHoles(index, base, knownChosenTo);
    const faulty = this.faulty().filter((slot) => slot > base);
    for (const slot of faulty) if (slot <= knownChosenTo) index.delete(slot);
    const accepted: Entry[] = [];
    let changeUnrecorded = Number.POSITIVE_INFINITY;
    for (const { slot, entry } of index.values()) {
      if (slot <= base || entry === null) continue;
      accepted.push(entry);
      if (entry.kind === "members" && slot > floorTo) changeUnrecorded = Math.min(changeUnrecorded, slot);
    }
    accepted.sort((left, right) => left.slot - right.slot);
    let leaseMsMax = this.#leaseMsMax;
    for (const set of governing) leaseMsMax = Math.max(leaseMsMax, set.members.leaseMs);
    // A change whose set and floor are not on record is not known chosen: whoever knows it tells them (rule 12).
    const readableTo = Math.min(faulty[0] ?? Number.POSITIVE_INFINITY, changeUnrecorded) - 1;
    return {
      promised: this.#promised,
      base: this.#base,
      governing,
      accepted,
      chosenTo: Math.max(this.#base, governing.at(-1)?.slot ?? 0, Math.min(this.#chosenTo, readableTo)),
      faulty,
      promisedLost: this.promisedLost,
      leaseMsMax,
      heard: this.#heard,
      unit,
    };
  }

  /** Known chosen, not covered, and no record of it: that was appended anew from a segment that is gone, and then lost. */
  #markHoles(index: SlotIndex, base: number, knownChosenTo: number): void {
    if (knownChosenTo - base >= FAULTY_SLOTS_MAX + index.size) return this.#markAll(base + 1, knownChosenTo);
    for (let slot = base + 1; slot <= knownChosenTo; slot++) {
      if (index.get(slot) !== undefined || this.#faulty.has(slot)) continue;
      this.#faulty.add(slot);
      this.#lossUnstated = true;
    }
  }
}
