import { Expiry } from "./expiry.ts";
import { KeyIndex } from "./key-index.ts";
import { type KeyState, sizeOf } from "./key-state.ts";
import { type Bounds, pairsIn } from "./range.ts";
import { compareKeys, createSortedMap, type SortedMap } from "./sorted-map.ts";

/** Where a key of the store has its state. A change of the key changes this, and no ordered map. */
export interface Cell {
  state: KeyState;
}

/** The keys as of now, with what is derived from them: who expires when, and whose keys they are. */
export class Store {
  readonly expiry: Expiry = new Expiry();
  /** The same cells twice: by order, and to be found at once. */
  readonly #ordered: SortedMap<string, Cell> = createSortedMap<string, Cell>(compareKeys);
  readonly #index: KeyIndex<Cell> = new KeyIndex();
  readonly #bySession: Map<number, Set<string>> = new Map();
  /** Images under way. */
  readonly #frozen: Set<FrozenStore> = new Set();
  #bytes = 0;

  /** How many keys there are. */
  get size(): number {
    return this.#ordered.size;
  }

  /** Of all keys, as `sizeOf` counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): KeyState | null {
    return this.#index.get(key)?.state ?? null;
  }

  /** Where the key has its state, until it is deleted; undefined: the key is not there. */
  find(key: string): Cell | undefined {
    return this.#index.get(key);
  }

  /** Puts `next` in the place of what is there. `cell`: what `find` says of its key. */
  put(next: KeyState, cell: Cell | undefined = this.find(next.key)): void {
    if (cell === undefined) {
      const made: Cell = { state: next };
      this.#index.set(next.key, made);
      this.#ordered.set(next.key, made);
    } else {
      this.#forget(cell.state);
      if (this.#frozen.size > 0) for (const frozen of this.#frozen) frozen.keep(cell, cell.state);
      cell.state = next;
    }
    this.#bytes += sizeOf(next);
    if (next.expiresAtMs !== 0) this.expiry.add(next.key, next.expiresAtMs);
    if (next.session !== 0) this.#ownedBy(next.session).add(next.key);
  }

  /** Takes a key away, if it is there. */
  delete(key: string): void {
    const cell = this.#index.get(key);
    if (cell === undefined) return;
    this.#forget(cell.state);
    this.#index.delete(key);
    this.#ordered.delete(key);
  }

  /** The keys within `bounds` and behind `after`, in either direction. */
  *statesIn(bounds: Bounds, after: string, descending: boolean): Generator<KeyState, void, undefined> {
    for (const [, cell] of pairsIn(this.#ordered, bounds, after, descending)) yield cell.state;
  }

  /** The keys of a session, in order. */
  keysOf(session: number): string[] {
    return [...(this.#bySession.get(session) ?? [])].sort(compareKeys);
  }

  keyCountOf(session: number): number {
    return this.#bySession.get(session)?.size ?? 0;
  }

  /** All as of now, in constant time, whatever there is: the ordered map is cloned by copy-on-write. `revision`: of the last step. */
  freeze(revision: number): FrozenStore {
    const frozen: FrozenStore = new FrozenStore(this.#ordered.clone(), revision, () => this.#frozen.delete(frozen));
    this.#frozen.add(frozen);
    return frozen;
  }

  #forget(before: KeyState): void {
    this.#bytes -= sizeOf(before);
    if (before.expiresAtMs !== 0) this.expiry.remove(before.key, before.expiresAtMs);
    if (before.session === 0) return;
    const owned = this.#ownedBy(before.session);
    owned.delete(before.key);
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

/** The keys as of one revision. What is changed afterwards, the store puts here first. */
export class FrozenStore {
  readonly #ordered: SortedMap<string, Cell>;
  readonly #revision: number;
  readonly #released: () => void;
  /** States of cells that have another one by now. */
  readonly #kept: Map<Cell, KeyState> = new Map();

  constructor(ordered: SortedMap<string, Cell>, revision: number, released: () => void) {
    this.#ordered = ordered;
    this.#revision = revision;
    this.#released = released;
  }

  get size(): number {
    return this.#ordered.size;
  }

  get(key: string): KeyState | null {
    const cell = this.#ordered.get(key);
    return cell === undefined ? null : this.#stateOf(cell);
  }

  *states(): Generator<KeyState, void, undefined> {
    for (const [, cell] of this.#ordered.entries(undefined, [])) yield this.#stateOf(cell);
  }

  /** `state` is about to leave `cell`. Only the one that was there at the freeze is of interest. */
  keep(cell: Cell, state: KeyState): void {
    if (state.modRevision <= this.#revision) this.#kept.set(cell, state);
  }

  /** The store keeps nothing for it any more. */
  release(): void {
    this.#kept.clear();
    this.#released();
  }

  #stateOf(cell: Cell): KeyState {
    return this.#kept.get(cell) ?? cell.state;
  }
}
