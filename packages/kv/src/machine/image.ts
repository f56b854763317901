import { type Image, QuorateError, type Restore } from "@quorate/machine";
import { ByteReader, ByteWriter, MoreBytesNeeded } from "./bytes.ts";
import type { Change, ChangesView } from "./changes.ts";
import { History } from "./history.ts";
import { deletedState, type KeyState } from "./key-state.ts";
import type { KvLimits } from "./limits.ts";
import { type FrozenStore, Store } from "./store.ts";

/*
 * The image, version 1: one stream of items, cut into chunks anywhere. Each begins with its kind.
 *   bounds    compactedTo, lastRevision                       first, once
 *   key       key, state                                      in the order of keys
 *   revision  revision, log time, count of changes            in order; followed by that many changes
 *   change    key, cause, what is before, what is after
 *   end       count of keys, count of revisions               last, once
 * A state that the stream has already told is not told again: `before` is what is after the previous change of the key,
 * if there is one, and `after` is what the store holds, if that is of the same revision.
 */
const BOUNDS = 1;
const KEY = 2;
const REVISION = 3;
const CHANGE = 4;
const END = 5;

/** Of a state within a change. */
const ABSENT = 0;
const TOLD = 1;
const HERE = 2;

/** Items are encoded ahead until they fill this; a larger single value passes it. */
const ENCODE_AHEAD_BYTES = 64 << 10;

function writeState(writer: ByteWriter, state: KeyState): void {
  writer.bytes(state.value);
  writer.integer(state.createRevision);
  writer.integer(state.modRevision);
  writer.integer(state.version);
  writer.integer(state.session);
  writer.float(state.expiresAtMs);
}

function readState(reader: ByteReader, key: string): KeyState {
  return {
    key,
    value: reader.bytes(),
    createRevision: reader.integer(),
    modRevision: reader.integer(),
    version: reader.integer(),
    session: reader.integer(),
    expiresAtMs: reader.float(),
    before: null,
  };
}

/**
 * The store as of one revision. Freezing takes constant time, whatever the store holds.
 * What is encoded for one chunk is bounded by the size asked for, and one value.
 */
export class KvImage implements Image {
  readonly #writer: ByteWriter = new ByteWriter();
  /** Of the writer's bytes, given out so far. */
  #given = 0;
  readonly #store: FrozenStore;
  #items: Generator<void, void, undefined> | null;

  constructor(store: Store, history: History) {
    const { compactedTo, lastRevision } = history;
    this.#store = store.freeze(lastRevision);
    this.#items = encodeItems(this.#writer, this.#store, history.freeze(), compactedTo, lastRevision);
  }

  next(bytesMax: number): Uint8Array | null {
    // Most images end within one chunk: what is encoded by now is all that there is.
    if (this.#fill() && this.#items === null && this.#writer.length - this.#given <= bytesMax) {
      const all = this.#writer.written().slice(this.#given, this.#writer.length);
      this.#given = this.#writer.length;
      return all;
    }
    const chunk = new Uint8Array(bytesMax);
    let length = 0;
    while (length < bytesMax && this.#fill()) {
      const part = this.#writer.written().subarray(this.#given, this.#given + bytesMax - length);
      chunk.set(part, length);
      length += part.length;
      this.#given += part.length;
    }
    if (length === 0) return null;
    return length === bytesMax ? chunk : chunk.slice(0, length);
  }

  release(): void {
    this.#items = null;
    this.#store.release();
    this.#writer.clear();
    this.#given = 0;
  }

  /** Whether there are encoded bytes to give out. */
  #fill(): boolean {
    if (this.#given < this.#writer.length) return true;
    this.#writer.clear();
    this.#given = 0;
    while (this.#items !== null && this.#writer.length < ENCODE_AHEAD_BYTES) {
      if (this.#items.next().done !== true) continue;
      this.#items = null;
      this.#store.release();
    }
    return this.#writer.length > 0;
  }
}

function* encodeItems(
  writer: ByteWriter,
  store: FrozenStore,
  changes: ChangesView,
  compactedTo: number,
  lastRevision: number,
): Generator<void, void, undefined> {
  writer.integer(BOUNDS);
  writer.integer(compactedTo);
  writer.integer(lastRevision);
  yield;
  for (const state of store.states()) {
    writer.integer(KEY);
    writer.text(state.key);
    writeState(writer, state);
    yield;
  }
  const toldKeys = new Set<string>();
  for (const record of changes.recordsFrom(0)) {
    writer.integer(REVISION);
    writer.integer(record.revision);
    writer.float(record.logTimeMs);
    writer.integer(record.changes.length);
    yield;
    for (const change of record.changes) {
      const isTold = toldKeys.has(change.key);
      if (!isTold) toldKeys.add(change.key);
      writeChange(writer, change, isTold, store.get(change.key));
      yield;
    }
  }
  writer.integer(END);
  writer.integer(store.size);
  writer.integer(changes.revisions);
}

function writeChange(writer: ByteWriter, change: Change, isBeforeTold: boolean, now: KeyState | null): void {
  const { key, cause, before, after } = change;
  writer.integer(CHANGE);
  writer.text(key);
  writer.integer(cause);
  writeSide(writer, before, isBeforeTold);
  writeSide(writer, after, after !== null && now === after);
}

function writeSide(writer: ByteWriter, state: KeyState | null, isTold: boolean): void {
  if (state === null) {
    writer.integer(ABSENT);
  } else if (isTold) {
    writer.integer(TOLD);
  } else {
    writer.integer(HERE);
    writeState(writer, state);
  }
}

/** Builds store and history from the chunks of an image, cut anywhere. */
export class KvRestore<M> implements Restore<M> {
  readonly #store: Store = new Store();
  readonly #history: History;
  readonly #finish: (store: Store, history: History) => M;
  /** Chunks that end within an item. */
  #left: Uint8Array[] = [];
  #leftBytes = 0;
  /** Nothing is read before so many bytes are there: a large value in small chunks is not read over and over. */
  #bytesWanted = 0;
  #compactedTo = 0;
  #lastRevision = 0;
  #hasBounds = false;
  #hasEnd = false;
  #revision = 0;
  #logTimeMs = 0;
  #changesLeft = 0;
  /** After the last change of each key. */
  readonly #lastTold: Map<string, KeyState> = new Map();

  constructor(limits: KvLimits, finish: (store: Store, history: History) => M) {
    this.#history = new History(limits);
    this.#finish = finish;
  }

  push(chunk: Uint8Array): void {
    this.#left.push(chunk);
    this.#leftBytes += chunk.length;
    if (this.#leftBytes >= this.#bytesWanted) this.#read();
  }

  end(): M {
    if (this.#leftBytes > 0) this.#read();
    if (!this.#hasEnd || this.#leftBytes > 0) throw notWhole("it ends within an item");
    this.#history.restoreBounds(this.#compactedTo, this.#lastRevision);
    return this.#finish(this.#store, this.#history);
  }

  #read(): void {
    const bytes = joined(this.#left, this.#leftBytes);
    const reader = new ByteReader(bytes);
    let done = 0;
    try {
      while (reader.position < bytes.length) {
        this.#item(reader);
        done = reader.position;
      }
    } catch (error) {
      if (error instanceof QuorateError) throw error;
      if (!(error instanceof MoreBytesNeeded)) throw notWhole(`item at byte ${done} of a chunk cannot be read`, error);
    }
    const rest = bytes.subarray(done);
    this.#left = rest.length === 0 ? [] : [rest.slice()];
    this.#leftBytes = rest.length;
    this.#bytesWanted = rest.length * 2;
  }

  /** Reads the whole item before it changes anything: the bytes may end within it. */
  #item(reader: ByteReader): void {
    const kind = reader.integer();
    if (this.#hasEnd || (kind === BOUNDS) === this.#hasBounds || (kind === CHANGE) !== this.#changesLeft > 0) {
      throw notWhole(`an item of kind ${kind} stands where none may`);
    }
    if (kind === BOUNDS) this.#takeBounds(reader);
    else if (kind === KEY) this.#takeKey(reader);
    else if (kind === REVISION) this.#takeRevision(reader);
    else if (kind === CHANGE) this.#takeChange(reader);
    else if (kind === END) this.#takeEnd(reader);
    else throw notWhole(`there is no item of kind ${kind}`);
  }

  #takeBounds(reader: ByteReader): void {
    const compactedTo = reader.integer();
    this.#lastRevision = reader.integer();
    this.#compactedTo = compactedTo;
    this.#hasBounds = true;
  }

  #takeKey(reader: ByteReader): void {
    const key = reader.text();
    this.#store.put(readState(reader, key));
  }

  #takeRevision(reader: ByteReader): void {
    const revision = reader.integer();
    const logTimeMs = reader.float();
    const changes = reader.integer();
    if (revision <= this.#revision || changes === 0) throw notWhole(`revision ${revision} is out of order or empty`);
    this.#revision = revision;
    this.#logTimeMs = logTimeMs;
    this.#changesLeft = changes;
  }

  #takeChange(reader: ByteReader): void {
    const key = reader.text();
    const cause = reader.integer();
    const last = this.#lastTold.get(key) ?? null;
    // Where the key was absent, its delete, if that is told, leads on to earlier states.
    const before = this.#readSide(reader, key, last) ?? (last?.version === 0 ? last : null);
    const after = this.#readSide(reader, key, this.#store.get(key)) ?? deletedState(key, this.#revision, null);
    if (after.modRevision !== this.#revision) throw notWhole("a change refers to a state of another revision");
    after.before = before;
    this.#lastTold.set(key, after);
    this.#history.restore(after, cause, this.#logTimeMs);
    this.#changesLeft -= 1;
  }

  #readSide(reader: ByteReader, key: string, told: KeyState | null): KeyState | null {
    const side = reader.integer();
    if (side === ABSENT) return null;
    if (side === HERE) return readState(reader, key);
    if (side !== TOLD || told === null || told.version === 0) {
      throw notWhole("a change refers to a state that was not told");
    }
    return told;
  }

  #takeEnd(reader: ByteReader): void {
    const keys = reader.integer();
    const revisions = reader.integer();
    if (keys !== this.#store.size || revisions !== this.#history.revisions) {
      throw notWhole(`it counts ${keys} keys and ${revisions} revisions, but tells others`);
    }
    this.#hasEnd = true;
  }
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array;
  const all = new Uint8Array(bytes);
  let position = 0;
  for (const chunk of chunks) {
    all.set(chunk, position);
    position += chunk.length;
  }
  return all;
}

function notWhole(why: string, cause?: unknown): QuorateError {
  return new QuorateError(
    "LOG_CORRUPT",
    "not-applied",
    `The image of the key-value store is not whole: ${why}. Install a snapshot of another replica.`,
    {},
    null,
    cause,
  );
}
