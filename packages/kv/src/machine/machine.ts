import {
  type At,
  type Image,
  type MachineDefinition,
  type Neighbours,
  QuorateError,
  type StateMachine,
  type Watcher,
} from "@quorate/machine";
import { kvCodecs } from "./codecs.ts";
import {
  type Answer,
  CAUSE_COMMAND,
  CAUSE_EXPIRED,
  CAUSE_SESSION_ENDED,
  type Command,
  type Event,
  type KvShape,
  OP_COMPACT,
  QUERY_GET,
  QUERY_RANGE,
  type Query,
  REFUSED,
  type Refused,
  type Result,
  type WatchRequest,
} from "./command.ts";
import { History, stateAt } from "./history.ts";
import { KvImage, KvRestore } from "./image.ts";
import { keyTuple } from "./key-state.ts";
import { KV_LIMITS, type KvLimits } from "./limits.ts";
import { pastStatesIn } from "./past.ts";
import { boundsOf, isDescending, pageOf } from "./range.ts";
import { Step } from "./step.ts";
import { Store } from "./store.ts";
import { carryOut } from "./transaction.ts";
import { Watches } from "./watch.ts";

/** The name of the machine, where no other is given. */
export const KV_NAME = "kv";
/** Of the image. */
export const KV_VERSION = 1;

/**
 * The key-value machine: keys in order, each with a value, the revisions that made and last changed it, and perhaps a session
 * or an expiry; with the changes of the last revisions, for past reads and watches.
 *
 * @param limits What differs from `KV_LIMITS`. They must be equal on all replicas.
 */
export function kvMachine(limits: Partial<KvLimits> = {}): MachineDefinition<KvShape> {
  const all = { ...KV_LIMITS, ...limits };
  return {
    name: KV_NAME,
    version: KV_VERSION,
    codecs: kvCodecs,
    create: (neighbours) => new KvMachine(new Store(), new History(all), all, neighbours),
    restore: (neighbours, version) => {
      if (version > KV_VERSION || version < 1) {
        throw new QuorateError(
          "LOG_NEWER",
          "not-applied",
          `The image of the key-value store has version ${version}; this program reads up to ${KV_VERSION}. Start a newer program on this node.`,
          { version, known: KV_VERSION },
        );
      }
      return new KvRestore(all, (store, history) => new KvMachine(store, history, all, neighbours));
    },
  };
}

class KvMachine implements StateMachine<KvShape> {
  readonly #store: Store;
  readonly #history: History;
  readonly #limits: KvLimits;
  readonly #step: Step;
  readonly #watches: Watches;

  constructor(store: Store, history: History, limits: KvLimits, neighbours: Neighbours) {
    this.#store = store;
    this.#history = history;
    this.#limits = limits;
    this.#step = new Step(store, history, limits, neighbours);
    this.#watches = new Watches(history, limits.progressRevisions);
  }

  apply(command: Command, at: At): Result {
    if (command[0] === OP_COMPACT) {
      this.#history.compact(command[1], at.logTimeMs);
      return [8, this.#history.compactedTo];
    }
    this.#step.begin(at);
    try {
      const result = carryOut(this.#step, command, 0);
      if (result[0] === REFUSED) this.#step.rollBack();
      else this.#commit(CAUSE_COMMAND);
      return result;
    } catch (error) {
      this.#step.rollBack();
      throw error;
    }
  }

  dueMs(): number {
    return this.#store.expiry.dueMs();
  }

  advance(at: At): void {
    this.#deleteAll(this.#store.expiry.dueKeys(at.logTimeMs, this.#limits.expiriesMax), CAUSE_EXPIRED, at);
  }

  sessionEnded(session: number, at: At): void {
    this.#deleteAll(this.#store.keysOf(session), CAUSE_SESSION_ENDED, at);
  }

  query(query: Query): Answer {
    if (query[0] === QUERY_GET) return this.#get(query[1], query[2]);
    if (query[0] === QUERY_RANGE) return this.#range(query);
    const { size, bytes } = this.#store;
    const { lastRevision, compactedTo, revisions, bytes: historyBytes } = this.#history;
    return [3, size, bytes, lastRevision, compactedTo, revisions, historyBytes];
  }

  watch(request: WatchRequest, wake: () => void): Watcher<Event> {
    return this.#watches.open(request, wake);
  }

  image(): Image {
    return new KvImage(this.#store, this.#history);
  }

  #get(key: string, atRevision: number): Answer {
    const now = this.#store.get(key);
    if (atRevision === 0) return [1, now === null ? null : keyTuple(now, true)];
    if (atRevision < this.#history.compactedTo) return this.#compacted(atRevision);
    const then = stateAt(now ?? this.#history.deletedState(key), atRevision);
    return [1, then === null ? null : keyTuple(then, true)];
  }

  #range([, range, after, limit, flags, atRevision]: Extract<Query, { 0: 2 }>): Answer {
    const bounds = boundsOf(range);
    const descending = isDescending(flags);
    if (atRevision === 0 || atRevision >= this.#history.lastRevision) {
      return pageOf(this.#store.statesIn(bounds, after, descending), limit, flags, this.#limits);
    }
    if (atRevision < this.#history.compactedTo) return this.#compacted(atRevision);
    const states = pastStatesIn(this.#store, this.#history, atRevision, bounds, after, descending);
    return pageOf(states, limit, flags, this.#limits);
  }

  #compacted(atRevision: number): Refused {
    return [0, "COMPACTED", "revision", atRevision, this.#history.compactedTo];
  }

  #deleteAll(keys: readonly string[], cause: number, at: At): void {
    if (keys.length === 0) return;
    this.#step.begin(at);
    try {
      for (const key of keys) this.#step.deleteAlways(key);
      this.#commit(cause);
    } catch (error) {
      this.#step.rollBack();
      throw error;
    }
  }

  #commit(cause: number): void {
    const states = this.#step.end();
    if (states.length === 0) return;
    this.#history.record(states, cause, this.#step.logTimeMs);
    this.#watches.changed(states);
  }
}
