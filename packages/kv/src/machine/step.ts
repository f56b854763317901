import type { At, Neighbours } from "@quorate/machine";
import { CAUSE_COMMAND, type Refused } from "./command.ts";
import type { Change } from "./history.ts";
import { type KeyState, sizeOf } from "./key-state.ts";
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
 * One step of the log at work on the store: it writes in place, so that it reads what it wrote, and remembers what was there
 * before. That memory is both its way back, when the step is refused or throws, and the list of its changes.
 */
export class Step {
  readonly store: Store;
  readonly limits: KvLimits;
  readonly neighbours: Neighbours;
  revision = 0;
  logTimeMs = 0;
  session = 0;
  /** Operations and comparisons so far, against `operationsMax`. */
  operations = 0;
  readonly #before: Map<string, KeyState | null> = new Map();

  constructor(store: Store, limits: KvLimits, neighbours: Neighbours) {
    this.store = store;
    this.limits = limits;
    this.neighbours = neighbours;
  }

  begin(at: At): void {
    this.revision = at.revision;
    this.logTimeMs = at.logTimeMs;
    this.session = at.session;
    this.operations = 0;
    this.#before.clear();
  }

  /** Puts a value under a key. Null: done. */
  put(key: string, value: Uint8Array, lifetime: Lifetime): Refused | null {
    const before = this.store.get(key);
    const again = before !== null && before.modRevision === this.revision;
    const next: KeyState = {
      value,
      createRevision: before === null ? this.revision : before.createRevision,
      modRevision: this.revision,
      version: before === null ? 1 : again ? before.version : before.version + 1,
      session: lifetime.session,
      expiresAtMs: lifetime.expiresAtMs,
    };
    const refused = this.#refusal(key, before, next);
    if (refused !== null) return refused;
    this.#remember(key, before);
    this.store.set(key, next);
    return null;
  }

  /** Takes a key that is there away. Null: done. */
  delete(key: string): Refused | null {
    if (this.#isTooMany(key)) return this.#tooMany();
    this.deleteAlways(key);
    return null;
  }

  /** As `delete`, for steps that cannot be refused: expiry and the end of a session, which have bounds of their own. */
  deleteAlways(key: string): void {
    this.#remember(key, this.store.get(key));
    this.store.set(key, null);
  }

  /** Everything as it was before the step. */
  rollBack(): void {
    for (const [key, before] of this.#before) this.store.set(key, before);
    this.#before.clear();
  }

  /** What the step changed. A key made and deleted within it was not changed. */
  changes(cause: number = CAUSE_COMMAND): Change[] {
    const changes: Change[] = [];
    for (const [key, before] of this.#before) {
      const after = this.store.get(key);
      if (before === null && after === null) continue;
      changes.push({ revision: this.revision, key, before, after, cause });
    }
    this.#before.clear();
    return changes;
  }

  #refusal(key: string, before: KeyState | null, next: KeyState): Refused | null {
    const { limits, store } = this;
    const badBytes = badKeyBytes(key, limits.keyBytesMax);
    if (badBytes !== null) return [0, "TOO_LARGE", "key", badBytes, limits.keyBytesMax];
    if (next.value.length > limits.valueBytesMax) {
      return [0, "TOO_LARGE", key, next.value.length, limits.valueBytesMax];
    }
    const bytes = store.bytes + sizeOf(key, next) - (before === null ? 0 : sizeOf(key, before));
    if (bytes > limits.storeBytesMax && bytes > store.bytes) return [0, "STORE_FULL", key, bytes, limits.storeBytesMax];
    if (next.session !== 0 && next.session !== (before?.session ?? 0)) {
      if (!this.neighbours.sessionLives(next.session)) return [0, "NO_SESSION", key, next.session, 0];
      const owned = store.keyCountOf(next.session);
      if (owned >= limits.ephemeralKeysMax)
        return [0, "TOO_MANY", "ephemeral keys", owned + 1, limits.ephemeralKeysMax];
    }
    return this.#isTooMany(key) ? this.#tooMany() : null;
  }

  #isTooMany(key: string): boolean {
    return this.#before.size >= this.limits.changesMax && !this.#before.has(key);
  }

  #tooMany(): Refused {
    return [0, "TOO_MANY", "changed keys", this.limits.changesMax + 1, this.limits.changesMax];
  }

  #remember(key: string, before: KeyState | null): void {
    if (!this.#before.has(key)) this.#before.set(key, before);
  }
}
