import assert from "node:assert/strict";
import { test } from "node:test";
import { QuorateError } from "@quorate/machine";
import { compare, kv, KvError, operation } from "@quorate/kv";
import { bytes, LogOfOne } from "../log-of-one.ts";

function refuses(refusal: string, code: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof KvError && error.refusal === refusal && error.code === code && error.outcome === "not-applied";
}

test("what was put is read back as text and as bytes, with its revisions", async () => {
  const store = kv(new LogOfOne().caller());
  assert.deepEqual(await store.put("a", "wört"), { revision: 2, previous: null });
  await store.put("a", new Uint8Array([255]));
  const entry = await store.get("a");
  assert.deepEqual(entry?.value, new Uint8Array([255]));
  assert.deepEqual([entry?.createRevision, entry?.modRevision, entry?.version], [2, 3, 2]);
  assert.throws(() => entry?.text, TypeError);
  assert.equal((await store.get("a", { atRevision: 2 }))?.text, "wört");
  assert.equal((await store.put("a", "", { previous: true })).previous?.version, 2);
});

test("a read of an absent key tells the revision that it reflects", async () => {
  const log = new LogOfOne();
  const store = kv(log.caller());
  await store.put("other", "x");
  log.revision = 40;
  assert.deepEqual(await store.read("a"), { entry: null, revision: 40, logTimeMs: 0 });
  assert.equal((await store.read("a", { atRevision: 2 })).revision, 2);
});

test("a read at a revision that the replica has not applied is refused as too stale", async () => {
  const store = kv(new LogOfOne().caller());
  await assert.rejects(
    store.get("a", { atRevision: 9 }),
    (error) => error instanceof QuorateError && error.code === "TOO_STALE",
  );
});

test("deletes tell what they did", async () => {
  const store = kv(new LogOfOne().caller());
  await store.put("a/1", "1");
  await store.put("a/2", "2");
  await store.put("b", "3");
  const first = await store.delete("a/1", { previous: true });
  assert.deepEqual([first.deleted, first.previous?.text], [true, "1"]);
  assert.equal((await store.delete("a/1")).deleted, false);
  await store.put("a/1", "1");
  assert.deepEqual(await store.deleteRange({ prefix: "a/" }, { limit: 1 }), {
    revision: 8,
    count: 1,
    previous: [],
    more: true,
  });
  assert.deepEqual(
    (await store.range({ prefix: "" })).entries.map((entry) => entry.key),
    ["a/2", "b"],
  );
});

test("a scan reads all pages at the revision of the first, whatever is written meanwhile", async () => {
  const store = kv(new LogOfOne({ pageKeysMax: 2 }).caller());
  for (const key of ["a", "b", "c", "d", "e"]) await store.put(key, "old");
  const seen: string[] = [];
  for await (const entry of store.scan({ prefix: "" })) {
    seen.push(entry.key + entry.text);
    await store.put("e", "new");
    await store.delete("d");
  }
  assert.deepEqual(seen, ["aold", "bold", "cold", "dold", "eold"]);
  const descending: string[] = [];
  for await (const entry of store.scan({ from: "a" }, { descending: true, limit: 3, keysOnly: true })) {
    descending.push(entry.key);
    assert.equal(entry.value.length, 0);
  }
  assert.deepEqual(descending, ["e", "c", "b"]);
});

test("a count adds up its pages", async () => {
  const store = kv(new LogOfOne({ countKeysMax: 2 }).caller());
  for (const key of ["a", "b", "c", "d", "e"]) await store.put(key, "x");
  assert.deepEqual(await store.count({ from: "b" }), { revision: 6, count: 4 });
});

test("compare-and-set, increment, append and touch do what they say", async () => {
  const log = new LogOfOne();
  const store = kv(log.caller());
  assert.equal((await store.compareAndSet("a", null, "1")).swapped, true);
  const missed = await store.compareAndSet("a", "2", "3");
  assert.deepEqual([missed.swapped, missed.found?.text], [false, "1"]);
  assert.equal((await store.compareAndSet("a", { modRevision: 2 }, null)).swapped, true);
  assert.deepEqual(await store.increment("n"), { revision: 5, value: 1 });
  assert.deepEqual(await store.increment("n", 41), { revision: 6, value: 42 });
  assert.deepEqual(await store.append("n", "!"), { revision: 7, bytes: 3 });
  await store.touch("n", { ttlMs: 50 });
  assert.deepEqual([(await store.get("n"))?.text, (await store.get("n"))?.expiresAtMs], ["42!", 50]);
});

test("a refusal is thrown as an error that names it, what it is about, and the bound", async () => {
  const store = kv(new LogOfOne({ valueBytesMax: 3 }).caller());
  await assert.rejects(store.put("a", "1234"), (error) => {
    assert.ok(error instanceof KvError);
    assert.deepEqual(error.detail, { refusal: "TOO_LARGE", subject: "a", size: 4, limit: 3 });
    return refuses("TOO_LARGE", "TOO_LARGE")(error);
  });
  await store.put("a", "x");
  await assert.rejects(store.increment("a"), refuses("NOT_A_NUMBER", "BAD_COMMAND"));
  await store.compact(2);
  await store.put("a", "y");
  await assert.rejects(store.get("a", { atRevision: 1 }), refuses("COMPACTED", "COMPACTED"));
});

test("a key with half a surrogate pair is refused before it is sent", async () => {
  const log = new LogOfOne();
  await assert.rejects(
    kv(log.caller()).put("\ud800", "x"),
    (error) => error instanceof QuorateError && error.code === "BAD_OPTION",
  );
  assert.equal(log.revision, 1);
});

test("a transaction carries out one branch, and each operation sees those before it", async () => {
  const store = kv(new LogOfOne().caller());
  const made = await store
    .transaction()
    .when(compare.absent("a"))
    .do(operation.put("a", "1"), operation.increment("a"), operation.get("a"))
    .otherwise(operation.delete("a"))
    .commit();
  assert.equal(made.succeeded, true);
  assert.deepEqual(made.results[1], { type: "increment", value: 2 });
  assert.equal(made.results[2]?.type === "range" && made.results[2].entries[0]?.text, "2");
  const again = await store.transaction().when(compare.absent("a")).otherwise(operation.delete("a")).commit();
  assert.deepEqual(again, {
    revision: 3,
    succeeded: false,
    results: [{ type: "delete", count: 1, previous: [], more: false }],
  });
});

test("a refusal deep within a transaction leaves nothing of it", async () => {
  const store = kv(new LogOfOne().caller());
  await store.put("text", "x");
  const inner = operation.transaction([compare.present("a")], [operation.increment("text")]);
  await assert.rejects(
    store.transaction().do(operation.put("a", "1"), inner).commit(),
    refuses("NOT_A_NUMBER", "BAD_COMMAND"),
  );
  assert.equal(await store.get("a"), null);
});

test("a write can be fenced by a lock of the same log", async () => {
  const log = new LogOfOne();
  const store = kv(log.caller());
  log.heldLocks.set("leader", 17);
  const fenced = (token: number) =>
    store
      .transaction()
      .when(compare.lockHeld("leader", token))
      .do(operation.put("a", String(token)))
      .commit();
  assert.equal((await fenced(16)).succeeded, false);
  assert.equal((await fenced(17)).succeeded, true);
  assert.equal((await store.get("a"))?.text, "17");
});

test("the status tells sizes and how far the history reaches", async () => {
  const store = kv(new LogOfOne({ historyRevisionsMax: 2 }).caller());
  for (const key of ["a", "b", "c"]) await store.put(key, "x");
  const { revision, keys, lastRevision, compactedTo, historyRevisions } = await store.status();
  assert.deepEqual([revision, keys, lastRevision, compactedTo, historyRevisions], [4, 3, 4, 2, 2]);
  assert.deepEqual((await store.get("a"))?.value, bytes("x"));
});
