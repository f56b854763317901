import { type KeyState, presentIn, sizeOf } from "./key-state.ts";

/** What one revision did to one key: at most one change, from what was before it to what is after it. Null: the key is not there. */
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
}

/** A chunk takes no more once it has so many changes, or so many bytes in them: what is dropped of it stays in memory until all of it is. */
const CHUNK_CHANGES_MAX = 256;
const CHUNK_BYTES_MAX = 1 << 20;

/** Consecutive changes, side by side instead of an object each. Only ever longer. */
class Chunk {
  readonly states: KeyState[] = [];
  readonly befores: (KeyState | null)[] = [];
  readonly causes: number[] = [];
  readonly logTimesMs: Float64Array = new Float64Array(CHUNK_CHANGES_MAX);
  bytes = 0;

  get isFull(): boolean {
    return this.states.length === CHUNK_CHANGES_MAX || this.bytes >= CHUNK_BYTES_MAX;
  }

  change(index: number): Change {
    const state = this.states[index] as KeyState;
    return {
      revision: state.modRevision,
      key: state.key,
      before: presentIn(this.befores[index] as KeyState | null),
      after: presentIn(state),
      cause: this.causes[index] as number,
    };
  }
}

/** The changes of consecutive revisions, oldest first: appended at one end, dropped at the other. */
export class Changes {
  readonly #chunks: Chunk[] = [];
  /** Changes of the first chunk that are dropped. */
  #dropped = 0;
  #revisions = 0;
  #lastRevision = 0;

  get revisions(): number {
    return this.#revisions;
  }

  /** 0: there is none. */
  get oldestRevision(): number {
    const state = this.#chunks[0]?.states[this.#dropped];
    return state === undefined ? 0 : state.modRevision;
  }

  /** There must be one. */
  get oldestLogTimeMs(): number {
    return (this.#chunks[0] as Chunk).logTimesMs[this.#dropped] as number;
  }

  append(state: KeyState, cause: number, logTimeMs: number): void {
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.isFull) {
      chunk = new Chunk();
      this.#chunks.push(chunk);
    }
    chunk.logTimesMs[chunk.states.length] = logTimeMs;
    chunk.states.push(state);
    chunk.befores.push(state.before);
    chunk.causes.push(cause);
    chunk.bytes += sizeOf(state);
    if (state.modRevision === this.#lastRevision) return;
    this.#lastRevision = state.modRevision;
    this.#revisions += 1;
  }

  /** Takes the oldest change out; there must be one. */
  dropOldest(): KeyState {
    const chunk = this.#chunks[0] as Chunk;
    const state = chunk.states[this.#dropped] as KeyState;
    this.#dropped += 1;
    if (this.#dropped === chunk.states.length && (chunk.isFull || this.#chunks.length > 1)) {
      this.#chunks.shift();
      this.#dropped = 0;
    }
    if (this.oldestRevision !== state.modRevision) this.#revisions -= 1;
    return state;
  }

  /** What is there now, for as long as it is wanted. */
  view(): ChangesView {
    return new ChangesView(this.#chunks.slice(), this.#dropped, this.#revisions);
  }
}

/** The changes as they were at one moment. */
export class ChangesView {
  /** How many there are. */
  readonly revisions: number;
  readonly #chunks: readonly Chunk[];
  readonly #from: number;
  /** Changes of the last chunk that were there. */
  readonly #end: number;

  constructor(chunks: readonly Chunk[], from: number, revisions: number) {
    this.revisions = revisions;
    this.#chunks = chunks;
    this.#from = from;
    this.#end = chunks.at(-1)?.states.length ?? 0;
  }

  /** The revisions from `revision` on, oldest first. */
  *recordsFrom(revision: number): Generator<RevisionRecord, void, undefined> {
    let changes: Change[] = [];
    let logTimeMs = 0;
    for (let at = this.#firstChunk(revision); at < this.#chunks.length; at += 1) {
      const chunk = this.#chunks[at] as Chunk;
      const end = at === this.#chunks.length - 1 ? this.#end : chunk.states.length;
      for (let index = at === 0 ? this.#from : 0; index < end; index += 1) {
        const change = chunk.change(index);
        if (change.revision < revision) continue;
        const open = changes[0];
        if (open !== undefined && open.revision !== change.revision) {
          yield { revision: open.revision, logTimeMs, changes };
          changes = [];
        }
        changes.push(change);
        logTimeMs = chunk.logTimesMs[index] as number;
      }
    }
    const open = changes[0];
    if (open !== undefined) yield { revision: open.revision, logTimeMs, changes };
  }

  /** The first chunk that ends at `revision` or above. */
  #firstChunk(revision: number): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = (this.#chunks[middle] as Chunk).states.at(-1) as KeyState;
      if (last.modRevision >= revision) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
