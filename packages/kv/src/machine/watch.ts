import type { Watcher } from "@quorate/machine";
import {
  type ChangeTuple,
  type Event,
  FLAG_KEYS_ONLY,
  FLAG_NO_DELETES,
  FLAG_NO_PUTS,
  FLAG_PREVIOUS,
  RANGE_KEY,
  type WatchRequest,
} from "./command.ts";
import type { Change } from "./changes.ts";
import type { History } from "./history.ts";
import { deletedState, type KeyState, keyTuple, sizeOf } from "./key-state.ts";
import { type Bounds, boundsOf, inBounds } from "./range.ts";

/**
 * The watches of one replica. An event is not queued anywhere: a watcher remembers the first revision that it has not told, and
 * reads from the history when it is pulled. So order, completeness and back-pressure are those of the history, and a reader who
 * is too slow is told that the history is gone, never handed a gap.
 */
export class Watches {
  readonly #history: History;
  readonly #progressRevisions: number;
  readonly #byKey: Map<string, Set<KvWatcher>> = new Map();
  readonly #ranges: Set<KvWatcher> = new Set();
  #sinceProgress = 0;

  constructor(history: History, progressRevisions: number) {
    this.#history = history;
    this.#progressRevisions = progressRevisions;
  }

  open(request: WatchRequest, wake: () => void): Watcher<Event> {
    const watcher = new KvWatcher(this.#history, request, wake, (closed) => this.#remove(closed));
    const range = request[0];
    if (range[0] !== RANGE_KEY) this.#ranges.add(watcher);
    else {
      const watching = this.#byKey.get(range[1]);
      if (watching === undefined) this.#byKey.set(range[1], new Set([watcher]));
      else watching.add(watcher);
    }
    return watcher;
  }

  /** A step has changed keys: wakes those who watch one of them, and now and then all, to be told how far they are complete. */
  changed(states: readonly KeyState[]): void {
    if (this.#byKey.size > 0 || this.#ranges.size > 0) {
      for (const state of states) {
        for (const watcher of this.#byKey.get(state.key) ?? []) watcher.note(state);
        for (const watcher of this.#ranges) watcher.note(state);
      }
    }
    this.#sinceProgress += 1;
    if (this.#sinceProgress < this.#progressRevisions) return;
    this.#sinceProgress = 0;
    for (const watching of this.#byKey.values()) for (const watcher of watching) watcher.tellProgress();
    for (const watcher of this.#ranges) watcher.tellProgress();
  }

  #remove(watcher: KvWatcher): void {
    this.#ranges.delete(watcher);
    const watching = this.#byKey.get(watcher.key);
    if (watching === undefined) return;
    watching.delete(watcher);
    if (watching.size === 0) this.#byKey.delete(watcher.key);
  }
}

class KvWatcher implements Watcher<Event> {
  /** Where the range begins; the watched key itself for a watch of one key. */
  readonly key: string;
  readonly #history: History;
  readonly #bounds: Bounds;
  readonly #flags: number;
  readonly #wake: () => void;
  readonly #closed: (watcher: KvWatcher) => void;
  /** The first revision that may hold something untold; 0: everything is told. */
  #pendingFrom: number;
  /** Within that revision: changes already looked at, and fragments already told. */
  #pendingChange = 0;
  #pendingFragment = 0;
  /** Told, as events or as progress, up to here. */
  #toldTo: number;
  #owesProgress = true;
  #isClosed = false;
  #isWoken = false;

  constructor(history: History, request: WatchRequest, wake: () => void, closed: (watcher: KvWatcher) => void) {
    const [range, afterRevision, flags] = request;
    this.key = range[1];
    this.#history = history;
    this.#bounds = boundsOf(range);
    this.#flags = flags;
    this.#wake = wake;
    this.#closed = closed;
    this.#toldTo = afterRevision;
    this.#pendingFrom = afterRevision < history.lastRevision ? afterRevision + 1 : 0;
  }

  /** A change, of this key or another, is in the history. */
  note({ key, modRevision, version }: KeyState): void {
    if (!this.#isTold(key, version === 0) || modRevision <= this.#toldTo) return;
    if (this.#pendingFrom === 0) this.#pendingFrom = modRevision;
    this.#wakeOnce();
  }

  tellProgress(): void {
    this.#owesProgress = true;
    this.#wakeOnce();
  }

  pull(bytesMax: number): readonly Event[] {
    this.#isWoken = false;
    if (this.#isClosed) return [];
    if (this.#pendingFrom !== 0 && this.#pendingFrom <= this.#history.compactedTo) {
      this.close();
      return [[3, this.#history.compactedTo]];
    }
    const events: Event[] = [];
    if (this.#pendingFrom !== 0 && !this.#pullChanges(events, bytesMax)) return events;
    this.#pendingFrom = 0;
    if (this.#owesProgress && this.#toldTo <= this.#history.lastRevision) {
      this.#toldTo = this.#history.lastRevision;
      events.push([2, this.#toldTo]);
    }
    this.#owesProgress = false;
    return events;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closed(this);
  }

  /** Returns whether all was told; if not, the place to go on from is remembered. */
  #pullChanges(events: Event[], bytesMax: number): boolean {
    let bytes = 0;
    for (const record of this.#history.recordsFrom(this.#pendingFrom)) {
      if (record.revision !== this.#pendingFrom) this.#startRevision(record.revision);
      const told: ChangeTuple[] = [];
      for (let index = this.#pendingChange; index < record.changes.length; index += 1) {
        const change = record.changes[index] as Change;
        if (!this.#isTold(change.key, change.after === null)) continue;
        const size = this.#sizeOf(change);
        if (bytes > 0 && bytes + size > bytesMax) {
          if (told.length > 0) {
            events.push([1, record.revision, told, this.#pendingFragment, false]);
            this.#pendingFragment += 1;
          }
          this.#pendingChange = index;
          return false;
        }
        told.push(this.#tuple(change));
        bytes += size;
      }
      if (told.length > 0) events.push([1, record.revision, told, this.#pendingFragment, true]);
      this.#toldTo = record.revision;
      this.#startRevision(record.revision + 1);
    }
    return true;
  }

  #startRevision(revision: number): void {
    this.#pendingFrom = revision;
    this.#pendingChange = 0;
    this.#pendingFragment = 0;
  }

  #isTold(key: string, isDelete: boolean): boolean {
    const filter = isDelete ? FLAG_NO_DELETES : FLAG_NO_PUTS;
    return (this.#flags & filter) === 0 && inBounds(this.#bounds, key);
  }

  #sizeOf(change: Change): number {
    const previous = (this.#flags & FLAG_PREVIOUS) === 0 ? null : change.before;
    return (
      sizeOf(change.after ?? deletedState(change.key, change.revision, null)) +
      (previous === null ? 0 : sizeOf(previous))
    );
  }

  #tuple(change: Change): ChangeTuple {
    const withValue = (this.#flags & FLAG_KEYS_ONLY) === 0;
    const { key, before, after } = change;
    const tellsPrevious = before !== null && (this.#flags & FLAG_PREVIOUS) !== 0;
    return [
      key,
      after === null ? null : keyTuple(after, withValue),
      tellsPrevious ? keyTuple(before, withValue) : null,
      change.cause,
    ];
  }

  #wakeOnce(): void {
    if (this.#isWoken || this.#isClosed) return;
    this.#isWoken = true;
    this.#wake();
  }
}
