import type { Caller, CallOptions } from "@quorate/machine";
import { kvCodecs } from "../machine/codecs.ts";
import {
  CAUSE_COMMAND,
  CAUSE_EXPIRED,
  type ChangeTuple,
  EVENT_CHANGES,
  EVENT_COMPACTED,
  FLAG_KEYS_ONLY,
  FLAG_NO_DELETES,
  FLAG_NO_PUTS,
  FLAG_PREVIOUS,
} from "../machine/command.ts";
import { entryOf, type KvEntry, type KvRange, rangeTuple } from "./entry.ts";

/** Options of a watch. */
export interface WatchOptions extends CallOptions {
  /** Tell everything from this revision on. Default 0: what changes after the watch has started. */
  readonly fromRevision?: number;
  /** Tell what was there before each change. Default false. */
  readonly previous?: boolean;
  /** Leave the values out. Default false. */
  readonly keysOnly?: boolean;
  /** Tell only puts, or only deletes. Default: both. */
  readonly only?: "puts" | "deletes";
  /** Also yield progress marks. Default false; they serve the watch itself either way. */
  readonly progress?: boolean;
}

/** One change of one key. */
export type KvChange =
  | { readonly type: "put"; readonly key: string; readonly entry: KvEntry; readonly previous: KvEntry | null }
  | {
      readonly type: "delete";
      readonly key: string;
      readonly previous: KvEntry | null;
      /** What deleted it: a command, its expiry, or the end of its session. */
      readonly cause: "command" | "expired" | "session-ended";
    };

/**
 * `changes`: all that one revision did to the watched keys, at once. `progress`: everything up to `revision` has been told.
 * `compacted`: changes up to `revision` that were not yet told are forgotten; the watch is over. Read the keys anew, and watch from
 * behind the revision of that read.
 */
export type KvWatchEvent =
  | { readonly type: "changes"; readonly revision: number; readonly changes: readonly KvChange[] }
  | { readonly type: "progress"; readonly revision: number }
  | { readonly type: "compacted"; readonly revision: number };

/**
 * A watch: ordered by revision, every revision once and whole, none left out, through reconnects and changes of leader. Iterate
 * it once; leaving the loop ends it.
 */
export class KvWatch implements AsyncIterable<KvWatchEvent> {
  readonly #caller: Caller;
  readonly #machine: string;
  readonly #range: ReturnType<typeof rangeTuple>;
  readonly #options: WatchOptions;
  #started: Promise<number> | null = null;
  /** Everything up to here was told. */
  #toldTo = 0;
  /** Fragments of a revision that is not whole yet. */
  #parts: KvChange[] = [];
  #fragments = 0;

  constructor(caller: Caller, machine: string, range: KvRange, options: WatchOptions) {
    this.#caller = caller;
    this.#machine = machine;
    this.#range = rangeTuple(range);
    this.#options = options;
  }

  /** Everything up to this revision was told: where a later watch can go on, with `fromRevision` one above. */
  get revision(): number {
    return this.#toldTo;
  }

  /** Starts the watch, unless it has: every change above the revision that this resolves to will be told. Iterating starts it as well. */
  started(): Promise<number> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<KvWatchEvent, void, undefined> {
    await this.started();
    const { timeoutMs, signal } = this.#options;
    const options: CallOptions = {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    };
    // The revision that the caller has seen may be of an event that has not been told here, or of a fragment: what counts is
    // what was told. What then comes a second time is left out below.
    const request = (): Uint8Array => kvCodecs.watch.encode([this.#range, this.#toldTo, this.#flags()]);
    for await (const reply of this.#caller.watch(this.#machine, request, options)) {
      const event = this.#take(kvCodecs.event.decode(reply.bytes));
      if (event === null) continue;
      yield event;
      if (event.type === "compacted") return;
    }
  }

  async #start(): Promise<number> {
    const { fromRevision = 0, signal } = this.#options;
    if (fromRevision > 0) {
      this.#toldTo = fromRevision - 1;
      return this.#toldTo;
    }
    const reply = await this.#caller.read(
      this.#machine,
      kvCodecs.query.encode([3]),
      signal === undefined ? {} : { signal },
    );
    this.#toldTo = reply.revision;
    return this.#toldTo;
  }

  #flags(): number {
    const { previous, keysOnly, only } = this.#options;
    return (
      (previous === true ? FLAG_PREVIOUS : 0) |
      (keysOnly === true ? FLAG_KEYS_ONLY : 0) |
      (only === "deletes" ? FLAG_NO_PUTS : 0) |
      (only === "puts" ? FLAG_NO_DELETES : 0)
    );
  }

  /** The event to tell; null: none yet, or it was told before. */
  #take(event: ReturnType<typeof kvCodecs.event.decode>): KvWatchEvent | null {
    const revision = event[1];
    if (event[0] === EVENT_COMPACTED) return { type: "compacted", revision };
    if (revision <= this.#toldTo) return null;
    if (event[0] !== EVENT_CHANGES) {
      this.#toldTo = revision;
      return this.#options.progress === true ? { type: "progress", revision } : null;
    }
    const [, , tuples, fragment, last] = event;
    // A first fragment begins the revision anew: after a reconnect, what was there of it is told again.
    if (fragment === 0) this.#startRevision();
    if (fragment !== this.#fragments) {
      throw new TypeError(`Part ${fragment} of revision ${revision} came where part ${this.#fragments} was expected`);
    }
    this.#fragments += 1;
    for (const tuple of tuples) this.#parts.push(changeOf(tuple));
    if (!last) return null;
    const changes = this.#parts;
    this.#startRevision();
    this.#toldTo = revision;
    return { type: "changes", revision, changes };
  }

  #startRevision(): void {
    this.#parts = [];
    this.#fragments = 0;
  }
}

function changeOf([key, entry, previous, cause]: ChangeTuple): KvChange {
  const now = entryOf(entry);
  if (now !== null) return { type: "put", key, entry: now, previous: entryOf(previous) };
  const why = cause === CAUSE_COMMAND ? "command" : cause === CAUSE_EXPIRED ? "expired" : "session-ended";
  return { type: "delete", key, previous: entryOf(previous), cause: why };
}
