import type { At, Neighbours } from "@quorate/machine";
import type { Refused } from "./command.ts";
import type { History } from "./history.ts";
import { deletedState, type KeyState, presentIn, sizeOf } from "./key-state.ts";
import type { KvLimits } from "./limits.ts";
import type { Store } from "./store.ts";

const utf8 = new TextEncoder();

/** The bytes of a key in UTF-8, if they break the bounds; 0 for the empty key; null: within bounds. */
function badKeyBytes(key: string, keyBytesMax: number): number | null {
  // A UTF-16 unit takes at most 3 bytes: most keys need not be encoded to be measured.
  if (key.length > 0 && key.length * 3 <= keyBytesMax) return null;
  const bytes = utf8.encode(key).length;
  return bytes === 0 || bytes > keyBytesMax ? bytes : null;
}

/** How long a key lives: with which session, until when. 0: without bound. */
export interface Lifetime {
  readonly session: number;
  readonly expiresAtMs: number;
}

/**
 * One step of the log at work on the store: it writes in place, so that it reads what it wrote, and remembers the last state that it
 * made of each key. What was before stands there, too: that is its way back, when the step is refused or throws.
 */
export class Step {
  readonly store: Store;
  readonly limits: KvLimits;
  readonly neighbours: Neighbours;
  readonly #history: History;
  revision = 0;
  logTimeMs = 0;
  session = 0;
  /** Operations and comparisons so far, against `operationsMax`. */
  operations = 0;
  /** The last state that the step made of each key, deletes included, in the order in which it first touched them. */
  #made: KeyState[] = [];
  /** Where each key stands in `#made`; filled from the second key on. */
  readonly #places: Map<string, number> = new Map();

  constructor(store: Store, history: History, limits: KvLimits, neighbours: Neighbours) {
    this.store = store;
    this.#history = history;
    this.limits = limits;
    this.neighbours = neighbours;
  }

  begin(at: At): void {
    this.revision = at.revision;
    this.logTimeMs = at.logTimeMs;
    this.session = at.session;
    this.operations = 0;
    this.#clear();
  }

  /** Puts a value under a key. Null: done. */
  put(key: string, value: Uint8Array, lifetime: Lifetime): Refused | null {
    const { revision } = this;
    const cell = this.store.find(key);
    const present = cell === undefined ? null : cell.state;
    const place = this.#placeOf(key);
    const again = present !== null && present.modRevision === revision;
    const next: KeyState = {
      // The string that is kept already, so that the one that came with the command need not be.
      key: present === null ? key : present.key,
      value,
      createRevision: present === null ? revision : present.createRevision,
      modRevision: revision,
      version: present === null ? 1 : again ? present.version : present.version + 1,
      session: lifetime.session,
      expiresAtMs: lifetime.expiresAtMs,
      before: this.#before(key, place, present),
    };
    const refused = this.#refusal(place, present, next);
    if (refused !== null) return refused;
    this.store.put(next, cell);
    this.#remember(place, next);
    return null;
  }

  /** Takes a key that is there away. Null: done. */
  delete(key: string): Refused | null {
    if (this.#isTooMany(this.#placeOf(key))) return this.#tooMany();
    this.deleteAlways(key);
    return null;
  }

  /** As `delete`, for steps that cannot be refused: expiry and the end of a session, which have bounds of their own. */
  deleteAlways(key: string): void {
    const place = this.#placeOf(key);
    const present = this.store.get(key);
    this.store.delete(key);
    this.#remember(
      place,
      deletedState(present === null ? key : present.key, this.revision, this.#before(key, place, present)),
    );
  }

  /** Everything as it was before the step. */
  rollBack(): void {
    for (const { key, before } of this.#made) {
      const present = presentIn(before);
      if (present === null) this.store.delete(key);
      else this.store.put(present);
    }
    this.#clear();
  }

  /** What the step made of each key that it changed, and ends it. A key made and deleted within it was not changed. */
  end(): readonly KeyState[] {
    const made = this.#made;
    this.#made = [];
    if (this.#places.size > 0) this.#places.clear();
    for (const state of made) if (isUnchanged(state)) return made.filter((each) => !isUnchanged(each));
    return made;
  }

  #refusal(place: number, present: KeyState | null, next: KeyState): Refused | null {
    const { limits, store } = this;
    const { key } = next;
    const badBytes = badKeyBytes(key, limits.keyBytesMax);
    if (badBytes !== null) return [0, "TOO_LARGE", "key", badBytes, limits.keyBytesMax];
    if (next.value.length > limits.valueBytesMax) {
      return [0, "TOO_LARGE", key, next.value.length, limits.valueBytesMax];
    }
    const bytes = store.bytes + sizeOf(next) - (present === null ? 0 : sizeOf(present));
    if (bytes > limits.storeBytesMax && bytes > store.bytes) return [0, "STORE_FULL", key, bytes, limits.storeBytesMax];
    if (next.session !== 0 && next.session !== (present?.session ?? 0)) {
      if (!this.neighbours.sessionLives(next.session)) return [0, "NO_SESSION", key, next.session, 0];
      const owned = store.keyCountOf(next.session);
      if (owned >= limits.ephemeralKeysMax)
        return [0, "TOO_MANY", "ephemeral keys", owned + 1, limits.ephemeralKeysMax];
    }
    return this.#isTooMany(place) ? this.#tooMany() : null;
  }

  #isTooMany(place: number): boolean {
    return place < 0 && this.#made.length >= this.limits.changesMax;
  }

  #tooMany(): Refused {
    return [0, "TOO_MANY", "changed keys", this.limits.changesMax + 1, this.limits.changesMax];
  }

  /** What the key was before the step. */
  #before(key: string, place: number, present: KeyState | null): KeyState | null {
    if (place >= 0) return (this.#made[place] as KeyState).before;
    return present ?? this.#history.deletedState(key);
  }

  /** Where the key stands in `#made`; below 0: the step has not touched it. */
  #placeOf(key: string): number {
    const made = this.#made;
    if (made.length === 0) return -1;
    if (made.length === 1) return (made[0] as KeyState).key === key ? 0 : -1;
    return this.#places.get(key) ?? -1;
  }

  #remember(place: number, state: KeyState): void {
    const made = this.#made;
    if (place >= 0) {
      made[place] = state;
      return;
    }
    made.push(state);
    if (made.length === 2) this.#places.set((made[0] as KeyState).key, 0);
    if (made.length >= 2) this.#places.set(state.key, made.length - 1);
  }

  #clear(): void {
    if (this.#made.length > 0) this.#made = [];
    if (this.#places.size > 0) this.#places.clear();
  }
}

function isUnchanged(state: KeyState): boolean {
  return state.version === 0 && presentIn(state.before) === null;
}
