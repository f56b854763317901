import { Expiry } from "./expiry.ts";
import { type KeyState, sizeOf } from "./key-state.ts";
import { compareKeys, createSortedMap, type SortedMap } from "./sorted-map.ts";

/** The keys as of now, with what is derived from them: who expires when, and whose keys they are. */
export class Store {
  readonly entries: SortedMap<string, KeyState> = createSortedMap<string, KeyState>(compareKeys);
  readonly expiry: Expiry = new Expiry();
  readonly #bySession: Map<number, Set<string>> = new Map();
  #bytes = 0;

  /** Of all keys, as `sizeOf` counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): KeyState | null {
    return this.entries.get(key) ?? null;
  }

  /** Puts `next` in the place of what is there; null: nothing. */
  set(key: string, next: KeyState | null): void {
    const before = this.get(key);
    if (before !== null) this.#forget(key, before);
    if (next === null) {
      if (before !== null) this.entries.delete(key);
      return;
    }
    this.entries.set(key, next);
    this.#bytes += sizeOf(key, next);
    if (next.expiresAtMs !== 0) this.expiry.add(key, next.expiresAtMs);
    if (next.session !== 0) this.#ownedBy(next.session).add(key);
  }

  /** The keys of a session, in order. */
  keysOf(session: number): string[] {
    return [...(this.#bySession.get(session) ?? [])].sort(compareKeys);
  }

  keyCountOf(session: number): number {
    return this.#bySession.get(session)?.size ?? 0;
  }

  #forget(key: string, before: KeyState): void {
    this.#bytes -= sizeOf(key, before);
    if (before.expiresAtMs !== 0) this.expiry.remove(key, before.expiresAtMs);
    if (before.session === 0) return;
    const owned = this.#ownedBy(before.session);
    owned.delete(key);
    if (owned.size === 0) this.#bySession.delete(before.session);
  }

  #ownedBy(session: number): Set<string> {
    let owned = this.#bySession.get(session);
    if (owned === undefined) {
      owned = new Set();
      this.#bySession.set(session, owned);
    }
    return owned;
  }
}
