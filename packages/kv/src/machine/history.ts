import { type KeyState, sizeOf } from "./key-state.ts";
import type { KvLimits } from "./limits.ts";
import { compareKeys, compareNumbers, createSortedMap, type SortedMap } from "./sorted-map.ts";

/** What one revision did to one key: at most one change, from what was before it to what is after it. Never changed once made. */
export interface Change {
  readonly revision: number;
  readonly key: string;
  readonly before: KeyState | null;
  readonly after: KeyState | null;
  /** `CAUSE_…` of command.ts. */
  readonly cause: number;
}

/** All that one revision changed; in the order in which its command first touched the keys. Never empty. */
export interface RevisionRecord {
  readonly revision: number;
  readonly logTimeMs: number;
  readonly changes: readonly Change[];
  /** For `historyBytesMax`. */
  readonly bytes: number;
}

export function bytesOf(changes: readonly Change[]): number {
  let bytes = 0;
  for (const change of changes) bytes += sizeOf(change.key, change.after);
  return bytes;
}

/** The kept changes of one key, oldest first; those before `head` are already out. */
interface KeyHistory {
  readonly changes: Change[];
  head: number;
}

/**
 * The changes of the last revisions. What they say: the state of a key at revision R is what was *before* its first kept
 * change above R; without one, it is what the store holds now. So every revision from `compactedTo` on can be read.
 *
 * Compaction is a part of the steps: each drops a bounded number of records, the same on every replica. Records at or below
 * `compactedTo` that wait for their turn are state like all others, but nobody is told of them.
 */
export class History {
  readonly records: SortedMap<number, RevisionRecord> = createSortedMap<number, RevisionRecord>(compareNumbers);
  readonly #byKey: SortedMap<string, KeyHistory> = createSortedMap<string, KeyHistory>(compareKeys);
  readonly #limits: KvLimits;
  #bytes = 0;
  #compactedTo = 0;
  #lastRevision = 0;
  /** Records that are gone, but whose changes still stand in `#byKey`, where they are harmless: all are at or below `compactedTo`. */
  readonly #leaving: Change[] = [];
  #leavingHead = 0;

  constructor(limits: KvLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** States at lower revisions can no longer be told; nor changes at this or lower ones. */
  get compactedTo(): number {
    return this.#compactedTo;
  }

  /** The last revision that changed a key; 0: none has. */
  get lastRevision(): number {
    return this.#lastRevision;
  }

  /** Takes in the changes of a step, and drops what is over the limits. */
  record(record: RevisionRecord): void {
    this.#take(record);
    this.#drop(record.logTimeMs, this.#limits.compactionChangesMax + record.changes.length);
  }

  /** Changes at or below `revision` are no longer told. Not above the last. */
  compact(revision: number, logTimeMs: number): void {
    this.#compactedTo = Math.max(this.#compactedTo, Math.min(revision, this.#lastRevision));
    this.#drop(logTimeMs, this.#limits.compactionChangesMax);
  }

  /** Puts back what an image says, in order of revisions; nothing is dropped, so a replica from an image goes on as the others do. */
  restoreRecord(record: RevisionRecord): void {
    this.#take(record);
  }

  restoreBounds(compactedTo: number, lastRevision: number): void {
    this.#compactedTo = compactedTo;
    this.#lastRevision = lastRevision;
  }

  /** The state of `key` at `revision`, where `now` is what the store holds. `revision` must not be below `compactedTo`. */
  stateAt(key: string, revision: number, now: KeyState | null): KeyState | null {
    const kept = this.#byKey.get(key);
    return kept === undefined ? now : stateIn(kept, revision, now);
  }

  /** The keys that have kept changes, in order: with those of the store, all keys there were at any revision that can be read. */
  get changedKeys(): SortedMap<string, KeyHistory> {
    return this.#byKey;
  }

  /** Records from `revision` on, oldest first. */
  *recordsFrom(revision: number): Generator<RevisionRecord, void, undefined> {
    for (const [, record] of this.records.entries(revision, [])) yield record;
  }

  #take(record: RevisionRecord): void {
    this.records.set(record.revision, record);
    this.#bytes += record.bytes;
    this.#lastRevision = record.revision;
    for (const change of record.changes) {
      const kept = this.#byKey.get(change.key);
      if (kept === undefined) this.#byKey.set(change.key, { changes: [change], head: 0 });
      else kept.changes.push(change);
    }
  }

  #drop(nowMs: number, changesMax: number): void {
    for (let dropped = 0; dropped < this.#limits.compactionRevisionsMax; dropped += 1) {
      const oldest = this.records.minKey();
      if (oldest === undefined) break;
      const record = this.records.get(oldest);
      if (record === undefined || !this.#isOver(record, nowMs)) break;
      this.records.delete(oldest);
      this.#bytes -= record.bytes;
      this.#compactedTo = Math.max(this.#compactedTo, oldest);
      for (const change of record.changes) this.#leaving.push(change);
    }
    this.#unindex(changesMax);
  }

  #isOver(oldest: RevisionRecord, nowMs: number): boolean {
    const limits = this.#limits;
    return (
      oldest.revision <= this.#compactedTo ||
      this.records.size > limits.historyRevisionsMax ||
      this.#bytes > limits.historyBytesMax ||
      (limits.historyAgeMs !== 0 && oldest.logTimeMs + limits.historyAgeMs < nowMs)
    );
  }

  #unindex(changesMax: number): void {
    for (let done = 0; done < changesMax && this.#leavingHead < this.#leaving.length; done += 1) {
      const change = this.#leaving[this.#leavingHead] as Change;
      this.#leavingHead += 1;
      const kept = this.#byKey.get(change.key) as KeyHistory;
      kept.head += 1;
      if (kept.head === kept.changes.length) this.#byKey.delete(change.key);
      else if (kept.head >= 32 && kept.head * 2 > kept.changes.length) {
        kept.changes.splice(0, kept.head);
        kept.head = 0;
      }
    }
    if (this.#leavingHead > 1024 && this.#leavingHead * 2 > this.#leaving.length) {
      this.#leaving.splice(0, this.#leavingHead);
      this.#leavingHead = 0;
    }
  }
}

function stateIn(kept: KeyHistory, revision: number, now: KeyState | null): KeyState | null {
  let low = kept.head;
  let high = kept.changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((kept.changes[middle] as Change).revision > revision) high = middle;
    else low = middle + 1;
  }
  return low < kept.changes.length ? (kept.changes[low] as Change).before : now;
}
