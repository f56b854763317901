import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KvShape } from "@quorate/kv";
import { bytes, imageBytes, LogOfOne } from "../log-of-one.ts";

/** What a naive store knows of a key. */
interface Naive {
  readonly value: string;
  readonly created: number;
  readonly modified: number;
  readonly version: number;
  readonly session: number;
  readonly expiresAtMs: number;
}

type Step =
  | {
      readonly kind: "put";
      readonly key: string;
      readonly value: string;
      readonly ttlMs: number;
      readonly session: boolean;
    }
  | { readonly kind: "delete"; readonly prefix: string }
  | { readonly kind: "compareAndSet"; readonly key: string; readonly expected: string; readonly value: string }
  | { readonly kind: "increment"; readonly key: string; readonly by: number }
  | {
      readonly kind: "transaction";
      readonly present: string;
      readonly keys: readonly string[];
      readonly deleted: string;
    }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "end" };

const key = fc.constantFrom("a", "ab", "abc", "b", "ba", "\u{10000}", "\uffff", "z");
const prefix = fc.constantFrom("", "a", "ab", "b", "\uffff", "q");
const value = fc.constantFrom("", "1", "2", "seven");

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      key,
      value,
      ttlMs: fc.constantFrom(0, 0, 5, 9),
      session: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), prefix }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("compareAndSet" as const), key, expected: value, value }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("increment" as const), key, by: fc.integer({ min: -2, max: 2 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("transaction" as const),
      present: key,
      keys: fc.array(key, { maxLength: 4 }),
      deleted: prefix,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "end" as const }) },
);

const LIFE = { session: 0, expiresAtMs: 0 };

/** The same store, as plainly as it can be said: a map, copied at every revision. */
class Model {
  now: Map<string, Naive> = new Map();
  readonly past: Map<number, Map<string, Naive>> = new Map();

  put(revision: number, name: string, text: string, life: { session: number; expiresAtMs: number }): void {
    const before = this.now.get(name);
    const again = before?.modified === revision;
    this.now.set(name, {
      value: text,
      created: before?.created ?? revision,
      modified: revision,
      version: before === undefined ? 1 : before.version + (again ? 0 : 1),
      session: life.session,
      expiresAtMs: life.expiresAtMs,
    });
  }

  deleteWhere(doomed: (name: string, entry: Naive) => boolean): number {
    const names = [...this.now].filter(([name, entry]) => doomed(name, entry)).map(([name]) => name);
    for (const name of names) this.now.delete(name);
    return names.length;
  }

  keep(revision: number): void {
    this.past.set(revision, new Map(this.now));
  }
}

function take(log: LogOfOne, model: Model, taken: Step): void {
  const revision = log.revision + 1;
  switch (taken.kind) {
    case "put": {
      log.apply([1, taken.key, bytes(taken.value), taken.session ? 2 : 0, taken.ttlMs]);
      const expiresAtMs = taken.ttlMs === 0 ? 0 : log.logTimeMs + taken.ttlMs;
      model.put(revision, taken.key, taken.value, { session: taken.session ? 1 : 0, expiresAtMs });
      break;
    }
    case "delete": {
      const result = log.apply([2, [2, taken.prefix, ""], 0, 0]);
      assert.equal(
        result[1],
        model.deleteWhere((name) => name.startsWith(taken.prefix)),
      );
      break;
    }
    case "compareAndSet": {
      const result = log.apply([3, taken.key, [1, bytes(taken.expected)], bytes(taken.value), 0, 0]);
      const swaps = model.now.get(taken.key)?.value === taken.expected;
      assert.equal(result[1], swaps);
      if (swaps) model.put(revision, taken.key, taken.value, LIFE);
      break;
    }
    case "increment": {
      const result = log.apply([4, taken.key, taken.by]);
      const before = model.now.get(taken.key);
      const isNumber = before === undefined || /^-?\d+$/.test(before.value);
      assert.equal(result[0], isNumber ? 4 : 0);
      if (isNumber) model.put(revision, taken.key, String(Number(before?.value ?? "0") + taken.by), before ?? LIFE);
      break;
    }
    case "transaction": {
      const puts = taken.keys.map((name, index) => [1, name, bytes(String(index)), 0, 0] as const);
      const result = log.apply([
        6,
        [[2, [1, taken.present, ""], 4, 0]],
        [...puts, [2, [2, taken.deleted, ""], 0, 0]],
        [[2, [2, taken.deleted, ""], 0, 0], ...puts],
      ]);
      const succeeded = model.now.has(taken.present);
      assert.equal(result[1], succeeded);
      const putAll = (): void => taken.keys.forEach((name, index) => model.put(revision, name, String(index), LIFE));
      if (succeeded) putAll();
      model.deleteWhere((name) => name.startsWith(taken.deleted));
      if (!succeeded) putAll();
      break;
    }
    case "advance":
      log.advanceTo(log.logTimeMs + taken.ms);
      model.deleteWhere((_name, entry) => entry.expiresAtMs !== 0 && entry.expiresAtMs <= log.logTimeMs);
      break;
    case "end":
      log.endSession(1);
      log.liveSessions.add(1);
      model.deleteWhere((_name, entry) => entry.session === 1);
  }
  model.keep(revision);
}

function expectedPage(state: Map<string, Naive>, from: string, descending: boolean, limit: number): KvShape["answer"] {
  const names = [...state.keys()].filter((name) => name.startsWith(from)).sort((a, b) => (a < b ? -1 : 1));
  if (descending) names.reverse();
  const page = limit === 0 ? names : names.slice(0, limit);
  const entries = page.map((name) => {
    const { value: text, created, modified, version, session, expiresAtMs } = state.get(name) as Naive;
    return [name, bytes(text), created, modified, version, session, expiresAtMs] as const;
  });
  return [7, entries, page.length, page.length < names.length ? (page.at(-1) as string) : ""];
}

test("the store answers as a map that is copied at every revision does, now and in the past", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.array(fc.tuple(prefix, fc.boolean(), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 3 }),
      (steps, pages) => {
        const log = new LogOfOne({ historyRevisionsMax: 12, compactionRevisionsMax: 3, compactionChangesMax: 2 });
        const model = new Model();
        model.keep(log.revision);
        for (const taken of steps) take(log, model, taken);
        const [, , , , compactedTo] = log.query([3]) as Extract<KvShape["answer"], { 0: 3 }>;
        for (const [from, descending, limit] of pages) {
          for (const [revision, state] of [...model.past, [0, model.now] as const]) {
            const answer = log.query([2, [2, from, ""], "", limit, descending ? 16 : 0, revision]);
            if (revision !== 0 && revision < compactedTo)
              assert.deepEqual(answer, [0, "COMPACTED", "revision", revision, compactedTo]);
            else assert.deepEqual(answer, expectedPage(state, from, descending, limit));
          }
        }
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

test("a point read in the past agrees with the range of the same revision", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const log = new LogOfOne({ historyRevisionsMax: 15 });
      const model = new Model();
      for (const taken of steps) take(log, model, taken);
      const [, , , , compactedTo] = log.query([3]) as Extract<KvShape["answer"], { 0: 3 }>;
      for (const [revision, state] of model.past) {
        if (revision < compactedTo) continue;
        for (const name of ["a", "abc", "\uffff"]) {
          const answer = log.query([1, name, revision]);
          assert.equal(
            answer[1] === null ? null : (answer[1] as readonly unknown[])[3],
            state.get(name)?.modified ?? null,
          );
        }
      }
    }),
    { seed: 2, numRuns: 150 },
  );
});

test("a machine restored from an image goes on as the one it was taken from, to the byte", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      fc.array(step, { maxLength: 20 }),
      fc.integer({ min: 1, max: 50 }),
      (before, after, chunkBytes) => {
        const log = new LogOfOne({ historyRevisionsMax: 10, compactionRevisionsMax: 2, historyBytesMax: 3000 });
        const model = new Model();
        for (const taken of before) take(log, model, taken);
        const frozen = log.machine.image();
        const atFreezing = imageBytes(log.machine.image());
        const twin = new LogOfOne();
        twin.machine = log.restored(chunkBytes);
        twin.revision = log.revision;
        twin.logTimeMs = log.logTimeMs;
        assert.deepEqual(imageBytes(twin.machine.image()), atFreezing);
        const twinModel = new Model();
        twinModel.now = new Map(model.now);
        for (const taken of after) take(log, model, taken);
        for (const taken of after) take(twin, twinModel, taken);
        assert.deepEqual(imageBytes(twin.machine.image()), imageBytes(log.machine.image()));
        assert.deepEqual(imageBytes(frozen, chunkBytes), atFreezing, "later steps changed a frozen image");
      },
    ),
    { seed: 3, numRuns: 150 },
  );
});
