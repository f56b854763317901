import { compare, type Kv, operation } from "@quorate/kv";
import type { ReadLevel } from "@quorate/machine";

/** What a store can be asked for, beyond puts, gets and compare-and-sets of single keys. */
export const STORE_OPERATIONS = [
  "transaction",
  "increment",
  "append",
  "range",
  "count",
  "past",
  "expiring",
  "touch",
  "ephemeral",
  "delete",
  "delete-range",
  "compact",
] as const;

/** One of {@link STORE_OPERATIONS}. */
export type StoreOperation = (typeof STORE_OPERATIONS)[number];

/** Names of keys that hold anything, numbers, and texts that grow: apart from those whose every write is told, so that these can be searched for an order. */
const MANY = "many-";
const COUNT = "count-";
const TAIL = "tail-";
/** A text that has grown to this is begun anew. */
const TAIL_BYTES_MAX = 200;
/** Longest life of a key that expires, in log time. */
const TTL_MS = 2500;
const LEVELS: readonly ReadLevel[] = ["linearizable", "lease", "session", "stale"];

/** One call of a program, of which there are many. */
export interface Turn {
  readonly store: Kv;
  readonly known: Known;
  /** A text that nobody else writes. */
  readonly value: string;
  readonly keys: number;
  /** Decides something; another number for another thing. */
  readonly bits: (what: number) => number;
}

/** What one client has seen. */
export interface Known {
  /** Revision that last changed each key. */
  readonly modRevisions: Map<string, number>;
  /** The last that it was told of. */
  revision: number;
}

/** What each of them does. Returns the revision that it ended with. What is wrong with an answer is found where it arrives, not here. */
export const OPERATIONS: Readonly<Record<StoreOperation, (turn: Turn) => Promise<number>>> = {
  /** Two keys and a counter change together, if both keys are as they were seen; else both are read. */
  transaction: async ({ store, known, value, keys, bits }) => {
    const one = `${MANY}${bits(1) % keys}`;
    const other = `${MANY}${bits(2) % keys}`;
    const seen = (key: string): number => known.modRevisions.get(key) ?? 0;
    const { revision, succeeded, results } = await store
      .transaction()
      .when(compare.modRevision(one, "=", seen(one)), compare.modRevision(other, "=", seen(other)))
      .do(operation.put(one, value), operation.put(other, `${value}'`), operation.increment(`${COUNT}0`))
      .otherwise(operation.get(one), operation.get(other))
      .commit();
    for (const [index, key] of [one, other].entries()) {
      const result = results[index]!;
      const modRevision = result.type === "range" ? (result.entries[0]?.modRevision ?? 0) : revision;
      known.modRevisions.set(key, succeeded ? revision : modRevision);
    }
    return revision;
  },
  increment: async ({ store, keys, bits }) => {
    const { revision } = await store.increment(`${COUNT}${bits(1) % keys}`, (bits(2) % 20) - 5);
    return revision;
  },
  append: async ({ store, value, keys, bits }) => {
    const key = `${TAIL}${bits(1) % keys}`;
    const { bytes, revision } = await store.append(key, value.slice(0, 12));
    return bytes < TAIL_BYTES_MAX ? revision : (await store.delete(key)).revision;
  },
  range: async ({ store, bits }) => {
    const prefix = [MANY, COUNT, TAIL, ""][bits(1) % 4]!;
    const options = { level: LEVELS[bits(2) % LEVELS.length]!, limit: bits(3) % 4, descending: bits(4) % 2 === 0 };
    return (await store.range({ prefix }, options)).revision;
  },
  count: async ({ store }) => (await store.count({ prefix: "" })).revision,
  past: async ({ store, known, keys, bits }) => {
    const atRevision = Math.max(1, known.revision - (bits(1) % 30));
    if (bits(2) % 2 === 0) return (await store.read(`${MANY}${bits(3) % keys}`, { atRevision })).revision;
    return (await store.range({ prefix: MANY }, { atRevision, limit: bits(4) % 3 })).revision;
  },
  expiring: async ({ store, value, keys, bits }) => {
    const ttlMs = 1 + (bits(2) % TTL_MS);
    return (await store.put(`${MANY}${bits(1) % keys}`, value, { ttlMs })).revision;
  },
  touch: async ({ store, keys, bits }) => {
    const key = `${MANY}${bits(1) % keys}`;
    return (await store.touch(key, bits(2) % 2 === 0 ? { ttlMs: 1 + (bits(3) % TTL_MS) } : {})).revision;
  },
  ephemeral: async ({ store, value, keys, bits }) => {
    return (await store.put(`${MANY}${bits(1) % keys}`, value, { ephemeral: true })).revision;
  },
  delete: async ({ store, keys, bits }) => (await store.delete(`${MANY}${bits(1) % keys}`)).revision,
  "delete-range": async ({ store, bits }) => {
    const prefix = [MANY, COUNT, TAIL][bits(1) % 3]!;
    return (await store.deleteRange({ prefix }, { previous: true, limit: 1 + (bits(2) % 3) })).revision;
  },
  compact: async ({ store, known }) => (await store.compact(known.revision)).revision,
};
