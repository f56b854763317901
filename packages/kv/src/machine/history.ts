import { Changes, type ChangesView, type RevisionRecord } from "./changes.ts";
import { type KeyState, sizeOf } from "./key-state.ts";
import type { KvLimits } from "./limits.ts";
import { compareKeys, createSortedMap, type SortedMap } from "./sorted-map.ts";

/**
 * The changes of the last revisions. What they say: the state of a key at revision R is the newest of its states, from what the store
 * holds back along `before`, that was made at or below R. So every revision from `compactedTo` on can be read.
 *
 * Compaction is a part of the steps: each drops a bounded number of revisions, the same on every replica. Changes at or below
 * `compactedTo` that wait for their turn are state like all others, but nobody is told of them.
 */
export class History {
  readonly #changes: Changes = new Changes();
  /** Keys whose last change, a delete, is kept: with those of the store, all keys there were at any revision that can be read. */
  readonly #deleted: SortedMap<string, KeyState> = createSortedMap<string, KeyState>(compareKeys);
  readonly #limits: KvLimits;
  #bytes = 0;
  #compactedTo = 0;
  #lastRevision = 0;

  constructor(limits: KvLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Revisions that are kept. */
  get revisions(): number {
    return this.#changes.revisions;
  }

  /** States at lower revisions can no longer be told; nor changes at this or lower ones. */
  get compactedTo(): number {
    return this.#compactedTo;
  }

  /** The last revision that changed a key; 0: none has. */
  get lastRevision(): number {
    return this.#lastRevision;
  }

  /** The keys that are gone now, and were there at a revision that can be read; each with its delete. */
  get deleted(): SortedMap<string, KeyState> {
    return this.#deleted;
  }

  /** The delete of a key that the store does not hold; null: it never was there, or nothing is told of it. */
  deletedState(key: string): KeyState | null {
    return this.#deleted.size === 0 ? null : (this.#deleted.get(key) ?? null);
  }

  /** Takes in what one step made of each key that it changed, and drops what is over the limits. Not empty. */
  record(states: readonly KeyState[], cause: number, logTimeMs: number): void {
    for (const state of states) this.#take(state, cause, logTimeMs);
    this.#drop(logTimeMs, this.#limits.compactionChangesMax + states.length);
  }

  /** Changes at or below `revision` are no longer told. Not above the last. */
  compact(revision: number, logTimeMs: number): void {
    this.#compactedTo = Math.max(this.#compactedTo, Math.min(revision, this.#lastRevision));
    this.#drop(logTimeMs, this.#limits.compactionChangesMax);
  }

  /** Puts back one change, in the order of the image; nothing is dropped, so a replica from an image goes on as the others do. */
  restore(state: KeyState, cause: number, logTimeMs: number): void {
    this.#take(state, cause, logTimeMs);
  }

  restoreBounds(compactedTo: number, lastRevision: number): void {
    this.#compactedTo = compactedTo;
    this.#lastRevision = lastRevision;
  }

  /** The revisions from `revision` on that are kept, oldest first. */
  recordsFrom(revision: number): Generator<RevisionRecord, void, undefined> {
    return this.#changes.view().recordsFrom(revision);
  }

  /** All that is kept as of now, in constant time. */
  freeze(): ChangesView {
    return this.#changes.view();
  }

  #take(state: KeyState, cause: number, logTimeMs: number): void {
    if (state.version === 0) this.#deleted.set(state.key, state);
    else if (state.before !== null && state.before.version === 0) this.#deleted.delete(state.key);
    this.#changes.append(state, cause, logTimeMs);
    this.#bytes += sizeOf(state);
    this.#lastRevision = state.modRevision;
  }

  /** A revision is never dropped in part, so the last one may go beyond `changesMax`. */
  #drop(nowMs: number, changesMax: number): void {
    const { compactionRevisionsMax } = this.#limits;
    const changes = this.#changes;
    let changesDropped = 0;
    for (let dropped = 0; dropped < compactionRevisionsMax && changesDropped < changesMax; dropped += 1) {
      const oldest = changes.oldestRevision;
      if (oldest === 0 || !this.#isOver(oldest, nowMs)) return;
      while (changes.oldestRevision === oldest) {
        this.#forget(changes.dropOldest());
        changesDropped += 1;
      }
      this.#compactedTo = Math.max(this.#compactedTo, oldest);
    }
  }

  #isOver(oldest: number, nowMs: number): boolean {
    const limits = this.#limits;
    return (
      oldest <= this.#compactedTo ||
      this.#changes.revisions > limits.historyRevisionsMax ||
      this.#bytes > limits.historyBytesMax ||
      (limits.historyAgeMs !== 0 && this.#changes.oldestLogTimeMs + limits.historyAgeMs < nowMs)
    );
  }

  #forget(state: KeyState): void {
    this.#bytes -= sizeOf(state);
    state.before = null;
    if (state.version === 0 && this.#deleted.get(state.key) === state) this.#deleted.delete(state.key);
  }
}

/** The state of a key at `revision`; null: it was not there. `last`: of the store, or the delete that the history keeps. */
export function stateAt(last: KeyState | null, revision: number): KeyState | null {
  let state = last;
  while (state !== null && state.modRevision > revision) state = state.before;
  return state === null || state.version === 0 ? null : state;
}
