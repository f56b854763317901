import { compare, type Kv, operation } from "@quorate/kv";
import type { ReadLevel } from "@quorate/machine";
import type { Report } from "../invariants/checker.ts";

/** What a store can be asked for, beyond puts, gets and compare-and-sets of single keys. */
export const STORE_OPERATIONS = [
  "transaction",
  "branches",
  "swap",
  "increment",
  "append",
  "range",
  "scan",
  "count",
  "status",
  "past",
  "of-one-node",
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
  /** How many nodes there are, from 1 on. */
  readonly nodes: number;
  /** Says that something was told that cannot be. */
  readonly report: Report;
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
  /** Every way to compare, and every operation, one transaction within another. */
  branches: async ({ store, known, value, keys, bits }) => {
    const key = `${MANY}${bits(1) % keys}`;
    const other = `${MANY}${bits(2) % keys}`;
    const conditions = [
      compare.present(key),
      compare.absent(key),
      compare.value(key, bits(3) % 2 === 0 ? "=" : "<", value),
      compare.version({ prefix: MANY }, ">", bits(4) % 3),
      compare.createRevision(key, "!=", 0),
      compare.session({ prefix: MANY }, "=", 0),
      compare.sessionLives(Math.max(1, known.revision - (bits(5) % 50))),
    ];
    const parts = [
      operation.touch(key, { ttlMs: 1 + (bits(6) % TTL_MS) }),
      operation.delete(other, { previous: true }),
      operation.deleteRange({ from: MANY, end: other }, { limit: 1 }),
      operation.compareAndSet(key, null, value),
      operation.append(`${TAIL}0`, "+"),
      operation.range({ prefix: MANY }, { keysOnly: true, descending: true, limit: 2 }),
      operation.range({ from: COUNT }, { countOnly: true }),
      operation.put(other, value, { keepLifetime: true, previous: true }),
    ];
    const one = <T>(of: readonly T[], what: number): T => of[bits(what) % of.length]!;
    const { revision } = await store
      .transaction()
      .when(one(conditions, 7))
      .do(one(parts, 8), operation.transaction([one(conditions, 9)], [one(parts, 10)], [one(parts, 11)]))
      .otherwise(one(parts, 12), operation.get(key))
      .commit();
    return revision;
  },
  /** Compares what a key holds, or that it is not there, and puts or deletes. */
  swap: async ({ store, value, keys, bits }) => {
    const key = `${MANY}${bits(1) % keys}`;
    const entry = bits(2) % 3 === 0 ? null : await store.get(key, { level: LEVELS[bits(3) % LEVELS.length]! });
    const next = bits(4) % 4 === 0 ? null : value;
    const lifetime = bits(5) % 2 === 0 ? { keepLifetime: true } : { ttlMs: 1 + (bits(6) % TTL_MS) };
    return (await store.compareAndSet(key, entry?.value ?? null, next, lifetime)).revision;
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
  /** Page by page, all as of one revision: each key once, in order. */
  scan: async ({ store, report, bits }) => {
    const descending = bits(1) % 2 === 0;
    const limit = bits(2) % 5;
    const keys: string[] = [];
    for await (const { key } of store.scan({ prefix: "" }, { descending, limit, level: LEVELS[bits(3) % 3]! })) {
      keys.push(key);
    }
    const sorted = [...new Set(keys)].sort();
    if (descending) sorted.reverse();
    if (sorted.join() !== keys.join() || (limit > 0 && keys.length > limit)) {
      report(
        "J6",
        `a scan of ${limit === 0 ? "all" : limit} keys, ${descending ? "down" : "up"}, told ${keys.join(", ")}`,
      );
    }
    return 0;
  },
  status: async ({ store, bits }) => (await store.status({ level: LEVELS[bits(1) % LEVELS.length]! })).revision,
  /** Of one node, whoever leads: what it has, or what it can be sure of. */
  "of-one-node": async ({ store, nodes, bits }) => {
    const options = { at: 1 + (bits(1) % nodes), level: LEVELS[bits(2) % LEVELS.length]! };
    return (await store.range({ prefix: MANY }, options)).revision;
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
