import { QuorateError } from "@quorate/machine";
import type { DurableRecord, Entry, Governing } from "@quorate/paxos";
import type { Done } from "../disk/disk.ts";
import type { EntryCache } from "./entry-cache.ts";
import type { Committer, GroupCommit, WaitingRecord } from "./group-commit.ts";
import type { GroupFacts } from "./group-facts.ts";
import type { GroupLog } from "./group-log.ts";
import type { OpenSegments } from "./open-segments.ts";
import { recordToWrite, type Restated, type StoredRecord } from "./record-codec.ts";
import type { IndexedEntry, SlotIndex } from "./slot-index.ts";

/** What all groups of one log share. */
export interface SharedLog {
  readonly commit: GroupCommit;
  readonly segments: OpenSegments;
  readonly cache: EntryCache;
  readonly payloadBytesMax: number;
  /** Runs in a later turn. */
  readonly later: (run: () => void) => void;
  /** A trim is durable: segments may be free now. */
  readonly trimmed: () => void;
}

/** One group's part of the log: its facts, its index, and its records on their way to the disk. */
export class GroupPart implements GroupLog, Committer {
  readonly group: number;
  readonly facts: GroupFacts;
  readonly index: SlotIndex;
  heldBack = false;
  readonly #shared: SharedLog;
  /** What the next record states again. */
  #restated: Restated;

  constructor(group: number, facts: GroupFacts, index: SlotIndex, shared: SharedLog) {
    this.group = group;
    this.facts = facts;
    this.index = index;
    this.#shared = shared;
    const { promised, promisedLost, slotLast } = facts;
    this.#restated = { promised, promisedLost, slotLast };
  }

  get slotFirst(): number {
    return this.index.slotFirst;
  }

  append(records: readonly DurableRecord[], durable: (unit: number) => void): void {
    for (const record of records) this.#check(record);
    const last = records.length - 1;
    if (last < 0) {
      this.#shared.commit.append([this.#waiting(null, durable)]);
      return;
    }
    const waiting: WaitingRecord[] = [];
    for (let at = 0; at <= last; at++) waiting.push(this.#waiting(records[at]!, at === last ? durable : null));
    this.#shared.commit.append(waiting);
  }

  /** Appends records of the log itself: the group's first one, or the marks of what recovery found damaged. */
  state(records: readonly StoredRecord[]): void {
    this.#shared.commit.append(records.map((record) => this.#waiting(record, null)));
  }

  entries(slotFrom: number, slotTo: number, bytesMax: number, done: Done<readonly Entry[]>): void {
    const wanted: IndexedEntry[] = [];
    let bytes = 0;
    let cached = true;
    for (let slot = slotFrom; slot <= slotTo; slot++) {
      const indexed = this.index.get(slot);
      if (indexed === undefined) break;
      bytes += indexed.payloadBytes;
      if (wanted.length > 0 && bytes > bytesMax) break;
      wanted.push(indexed);
      if (indexed.entry === null) cached = false;
    }
    const { segments, later } = this.#shared;
    if (!cached) {
      segments.read(wanted, done);
      return;
    }
    const entries = wanted.map((indexed) => indexed.entry!);
    later(() => {
      done(null, entries);
    });
  }

  trim(base: number, governing: Governing): void {
    if (base <= this.facts.base) return;
    const trimmed = (): void => this.#shared.trimmed();
    this.#shared.commit.append([{ ...this.#waiting({ kind: "trim", base, governing }, trimmed), makesSpace: true }]);
  }

  /** Appends anew, with the votes given, every fact that stands in segment `from`; `moved` runs when all that is durable. */
  move(
    from: number,
    votes: readonly { readonly indexed: IndexedEntry; readonly entry: Entry }[],
    moved: () => void,
  ): void {
    const records: WaitingRecord[] = this.facts.factsIn(from).map((record) => this.#moving(record, null, from, null));
    for (const { indexed, entry } of votes)
      records.push(this.#moving({ kind: "accepted", entry }, indexed, from, null));
    records.push(this.#moving(null, null, from, moved));
    this.#shared.commit.append(records);
  }

  committed(waiting: WaitingRecord, segment: number, offset: number): void {
    const { record, indexed, movedFrom } = waiting;
    if (record === null) return;
    if (movedFrom > 0 && record.kind !== "accepted") this.facts.move(record, movedFrom, segment);
    else this.facts.note(record, movedFrom > 0, segment);
    if (indexed === null) return;
    indexed.segment = segment;
    indexed.offset = offset;
    indexed.olderSegment = 0;
    if (movedFrom === 0) this.#shared.cache.add(indexed);
  }

  #check(record: DurableRecord): void {
    if (record.kind !== "accepted" || record.entry.bytes.length <= this.#shared.payloadBytesMax) return;
    const { slot, bytes } = record.entry;
    throw new QuorateError(
      "TOO_LARGE",
      "not-applied",
      `The entry of slot ${slot} in group ${this.group} has ${bytes.length} bytes; a segment takes ${this.#shared.payloadBytesMax}. Use larger segments, or smaller batches.`,
      { group: this.group, slot, bytes: bytes.length, bytesMax: this.#shared.payloadBytesMax },
    );
  }

  #waiting(record: StoredRecord | null, durable: ((unit: number) => void) | null): WaitingRecord {
    if (record !== null) this.#restate(record);
    return {
      part: this,
      record,
      toWrite: record === null ? null : recordToWrite(this.group, record, false, this.#restated),
      movedFrom: 0,
      indexed: record?.kind === "accepted" ? this.index.add(record.entry) : null,
      makesSpace: false,
      durable,
    };
  }

  #moving(
    record: StoredRecord | null,
    indexed: IndexedEntry | null,
    movedFrom: number,
    durable: (() => void) | null,
  ): WaitingRecord {
    const toWrite = record === null ? null : recordToWrite(this.group, record, true, this.#restated);
    return { part: this, record, toWrite, movedFrom, indexed, makesSpace: true, durable };
  }

  /** Votes promise too (rule 2), and what was learned in a higher ballot counts as promised at the next start: it must not count for less where its record is lost. */
  #restate(record: StoredRecord): void {
    const { promised, promisedLost, slotLast } = this.#restated;
    const { ballot, slot } = record.kind === "accepted" ? record.entry : { ballot: 0, slot: 0 };
    const raised = record.kind === "promised" ? record.ballot : ballot;
    if (raised <= promised && slot <= slotLast) return;
    this.#restated = { promised: Math.max(promised, raised), promisedLost, slotLast: Math.max(slotLast, slot) };
  }
}
