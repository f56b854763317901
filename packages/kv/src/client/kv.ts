import { type Caller, type CallOptions, QuorateError, type ReadOptions, type Reply } from "@quorate/machine";
import { kvCodecs } from "../machine/codecs.ts";
import {
  type Answer,
  type Command,
  FLAG_COUNT_ONLY,
  type Query,
  type RangeDone,
  REFUSED,
  type Refused,
  type Result,
  type StatusAnswer,
} from "../machine/command.ts";
import { KV_NAME } from "../machine/machine.ts";
import {
  checkedKey,
  entryOf,
  KvEntry,
  type KvRange,
  type KvReadOptions,
  type LifetimeOptions,
  type PutOptions,
  type RangeOptions,
  rangeTuple,
  type Value,
} from "./entry.ts";
import { errorOf } from "./errors.ts";
import {
  type ExpectedState,
  operation,
  rangeFlags,
  resultOf,
  TransactionBuilder,
  type TransactionResult,
} from "./transaction.ts";
import { KvWatch, type WatchOptions } from "./watch.ts";

/** Of every write: the step that carried it out, whose changes bear this revision. */
export interface Written {
  readonly revision: number;
}

/** What a read found, and what it is true of. */
export interface KvRead {
  /** Null: the key was absent. */
  readonly entry: KvEntry | null;
  /** The read reflects all steps up to this one and none above, whether the key was there or not. */
  readonly revision: number;
  /** Of that step; against `expiresAtMs`. */
  readonly logTimeMs: number;
}

/** One page of a range. */
export interface KvPage extends Written {
  readonly entries: readonly KvEntry[];
  /** There are more keys: ask again with this as `after` and `revision` as `atRevision`. Empty: that was all. */
  readonly next: string;
}

/** What a store says of itself. */
export interface KvStatus {
  /** The status reflects all steps up to this one. */
  readonly revision: number;
  readonly keys: number;
  /** Of keys and values with what they cost in memory, roughly. */
  readonly bytes: number;
  /** The last revision that changed a key. */
  readonly lastRevision: number;
  /** Changes up to here are forgotten; states from here on can be read. */
  readonly compactedTo: number;
  readonly historyRevisions: number;
  readonly historyBytes: number;
}

/**
 * The key-value store as a typed client. Every write is applied exactly once, or the error says otherwise in `outcome`; every
 * method throws QuorateError, and KvError where the store refuses. Keys are strings of 1 … 1,024 bytes in UTF-8.
 */
export interface Kv {
  /** Default: no session, no expiry; those the key had are gone, unless `keepLifetime`. */
  put(key: string, value: Value, options?: PutOptions): Promise<Written & { readonly previous: KvEntry | null }>;
  /** Another lifetime for a key that must be there, with the value it has: `{ ttlMs }` to renew it, nothing to make it stay. */
  touch(key: string, options?: LifetimeOptions & CallOptions): Promise<Written>;
  get(key: string, options?: KvReadOptions): Promise<KvEntry | null>;
  /** As `get`, with the revision that the read reflects: what a miss is true of. */
  read(key: string, options?: KvReadOptions): Promise<KvRead>;
  delete(
    key: string,
    options?: CallOptions & { readonly previous?: boolean },
  ): Promise<Written & { readonly deleted: boolean; readonly previous: KvEntry | null }>;
  /** In one revision. Refused beyond 10,000 keys: then give a `limit`, and go on while there is `more`. */
  deleteRange(
    range: KvRange,
    options?: CallOptions & { readonly previous?: boolean; readonly limit?: number },
  ): Promise<Written & { readonly count: number; readonly previous: readonly KvEntry[]; readonly more: boolean }>;
  /** One page. */
  range(range: KvRange, options?: RangeOptions): Promise<KvPage>;
  /** All of a range, page by page, as it was at the revision of the first page. Throws KvError `COMPACTED` if reading takes longer than the history lasts. */
  scan(range: KvRange, options?: RangeOptions): AsyncIterable<KvEntry>;
  /** How many keys there are, all at one revision. */
  count(range: KvRange, options?: KvReadOptions): Promise<Written & { readonly count: number }>;
  /** Puts `value`, or deletes where it is null, if the key is as expected; `found` is what was there before. */
  compareAndSet(
    key: string,
    expected: ExpectedState,
    value: Value | null,
    options?: LifetimeOptions & CallOptions,
  ): Promise<Written & { readonly swapped: boolean; readonly found: KvEntry | null }>;
  /** Adds `by` (default 1) to the decimal number the key holds; an absent key counts as 0. Lifetime stays. */
  increment(key: string, by?: number, options?: CallOptions): Promise<Written & { readonly value: number }>;
  /** Puts bytes behind the value; an absent key counts as empty. Lifetime stays. `bytes`: how long it is now. */
  append(key: string, tail: Value, options?: CallOptions): Promise<Written & { readonly bytes: number }>;
  /** `kv.transaction().when(compare.…).do(operation.…).otherwise(operation.…).commit()` */
  transaction(): TransactionBuilder;
  /** See `KvWatch`. */
  watch(range: KvRange, options?: WatchOptions): KvWatch;
  /** Forgets the changes up to `revision`, before the bounds of the history would. */
  compact(revision: number, options?: CallOptions): Promise<Written & { readonly compactedTo: number }>;
  status(options?: ReadOptions): Promise<KvStatus>;
}

/**
 * The typed client of the key-value machine of a log.
 *
 * @param machine Its name there. Default `kv`.
 */
export function kv(caller: Caller, machine: string = KV_NAME): Kv {
  return new KvClient(caller, machine);
}

type Done<T extends Command["0"]> = Extract<Result, { 0: T }>;

class KvClient implements Kv {
  readonly #caller: Caller;
  readonly #machine: string;

  constructor(caller: Caller, machine: string) {
    this.#caller = caller;
    this.#machine = machine;
  }

  async put(key: string, value: Value, options: PutOptions = {}): Promise<Written & { previous: KvEntry | null }> {
    const reply = await this.#send(operation.put(key, value, options).tuple, options);
    return { revision: reply.revision, previous: entryOf(doneOf(1, reply)[1]) };
  }

  async touch(key: string, options: LifetimeOptions & CallOptions = {}): Promise<Written> {
    const reply = await this.#send(operation.touch(key, options).tuple, options);
    doneOf(1, reply);
    return { revision: reply.revision };
  }

  async get(key: string, options: KvReadOptions = {}): Promise<KvEntry | null> {
    return (await this.read(key, options)).entry;
  }

  async read(key: string, options: KvReadOptions = {}): Promise<KvRead> {
    const [answer, reply] = await this.#read(1, [1, checkedKey(key), options.atRevision ?? 0], options);
    return { entry: entryOf(answer[1]), revision: revisionOf(reply, options), logTimeMs: reply.logTimeMs };
  }

  async delete(
    key: string,
    options: CallOptions & { readonly previous?: boolean } = {},
  ): Promise<Written & { deleted: boolean; previous: KvEntry | null }> {
    const { revision, count, previous } = await this.deleteRange({ key }, options);
    return { revision, deleted: count > 0, previous: previous[0] ?? null };
  }

  async deleteRange(
    range: KvRange,
    options: CallOptions & { readonly previous?: boolean; readonly limit?: number } = {},
  ): Promise<Written & { count: number; previous: readonly KvEntry[]; more: boolean }> {
    const reply = await this.#send(operation.deleteRange(range, options).tuple, options);
    const done = doneOf(2, reply);
    return {
      revision: reply.revision,
      count: done[1],
      previous: done[2].map((each) => new KvEntry(each)),
      more: done[3],
    };
  }

  async range(range: KvRange, options: RangeOptions = {}): Promise<KvPage> {
    const [answer, reply] = await this.#page(range, options, rangeFlags(options));
    return {
      revision: revisionOf(reply, options),
      entries: answer[1].map((each) => new KvEntry(each)),
      next: answer[3],
    };
  }

  async *scan(range: KvRange, options: RangeOptions = {}): AsyncGenerator<KvEntry, void, undefined> {
    let left = options.limit ?? 0;
    let page = await this.range(range, options);
    for (;;) {
      yield* page.entries;
      if (left > 0) left -= page.entries.length;
      if (page.next === "" || (options.limit !== undefined && options.limit > 0 && left <= 0)) return;
      page = await this.range(range, { ...options, limit: left, after: page.next, atRevision: page.revision });
    }
  }

  async count(range: KvRange, options: KvReadOptions = {}): Promise<Written & { count: number }> {
    let count = 0;
    let at: RangeOptions = options;
    for (;;) {
      const [answer, reply] = await this.#page(range, at, FLAG_COUNT_ONLY);
      const revision = revisionOf(reply, at);
      count += answer[2];
      if (answer[3] === "") return { revision, count };
      at = { ...options, after: answer[3], atRevision: revision };
    }
  }

  async compareAndSet(
    key: string,
    expected: ExpectedState,
    value: Value | null,
    options: LifetimeOptions & CallOptions = {},
  ): Promise<Written & { swapped: boolean; found: KvEntry | null }> {
    const { tuple } = operation.compareAndSet(key, expected, value, options);
    const reply = await this.#send(tuple, options);
    const done = doneOf(3, reply);
    return { revision: reply.revision, swapped: done[1], found: entryOf(done[2]) };
  }

  async increment(key: string, by: number = 1, options: CallOptions = {}): Promise<Written & { value: number }> {
    const reply = await this.#send(operation.increment(key, by).tuple, options);
    return { revision: reply.revision, value: doneOf(4, reply)[1] };
  }

  async append(key: string, tail: Value, options: CallOptions = {}): Promise<Written & { bytes: number }> {
    const reply = await this.#send(operation.append(key, tail).tuple, options);
    return { revision: reply.revision, bytes: doneOf(5, reply)[1] };
  }

  transaction(): TransactionBuilder {
    return new TransactionBuilder(async (tuple, options): Promise<TransactionResult> => {
      const reply = await this.#send(tuple, options);
      const done = doneOf(6, reply);
      return { revision: reply.revision, succeeded: done[1], results: done[2].map(resultOf) };
    });
  }

  watch(range: KvRange, options: WatchOptions = {}): KvWatch {
    return new KvWatch(this.#caller, this.#machine, range, options);
  }

  async compact(revision: number, options: CallOptions = {}): Promise<Written & { compactedTo: number }> {
    const reply = await this.#send([8, revision], options);
    return { revision: reply.revision, compactedTo: doneOf(8, reply)[1] };
  }

  async status(options: ReadOptions = {}): Promise<KvStatus> {
    const [answer, reply] = await this.#read(3, [3], options);
    const [, keys, bytes, lastRevision, compactedTo, historyRevisions, historyBytes]: StatusAnswer = answer;
    return { revision: reply.revision, keys, bytes, lastRevision, compactedTo, historyRevisions, historyBytes };
  }

  #send(command: Command, options: CallOptions): Promise<Reply> {
    return this.#caller.call(this.#machine, kvCodecs.command.encode(command), options);
  }

  #page(range: KvRange, options: RangeOptions, flags: number): Promise<readonly [RangeDone, Reply]> {
    const { after = "", limit = 0, atRevision = 0 } = options;
    return this.#read(7, [2, rangeTuple(range), after, limit, flags, atRevision], options);
  }

  async #read<T extends 1 | 3 | 7>(
    kind: T,
    query: Query,
    options: KvReadOptions,
  ): Promise<readonly [Extract<Answer, { 0: T }>, Reply]> {
    const reply = await this.#caller.read(this.#machine, kvCodecs.query.encode(query), options);
    const answer = expectKind(kind, kvCodecs.answer.decode(reply.bytes));
    const { atRevision = 0 } = options;
    if (reply.revision < atRevision) {
      throw new QuorateError(
        "TOO_STALE",
        "not-applied",
        `Revision ${atRevision} was asked for, but the replica has applied only up to ${reply.revision}. Read at that one, or at level "linearizable".`,
        { atRevision, revision: reply.revision },
      );
    }
    return [answer as Extract<Answer, { 0: T }>, reply];
  }
}

/** What a command did. Throws where it was refused. */
function doneOf<T extends Command["0"]>(kind: T, reply: Reply): Done<T> {
  return expectKind(kind, kvCodecs.result.decode(reply.bytes)) as Done<T>;
}

/** The revision that a read is true of. */
function revisionOf(reply: Reply, options: KvReadOptions): number {
  const { atRevision = 0 } = options;
  return atRevision === 0 ? reply.revision : atRevision;
}

/** Throws where it is a refusal. */
function expectKind<T extends Result | Answer>(kind: number, told: T): Exclude<T, Refused> {
  if (told[0] === REFUSED) throw errorOf(told as Refused);
  if (told[0] !== kind) throw new TypeError(`The store answered with kind ${told[0]} where ${kind} was expected`);
  return told as Exclude<T, Refused>;
}
