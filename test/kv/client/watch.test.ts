import assert from "node:assert/strict";
import { test } from "node:test";
import { kv, type KvWatch, type KvWatchEvent, operation } from "@quorate/kv";
import { LogOfOne } from "../log-of-one.ts";

/** The next events of a watch that changed something, in short; then the watch is left. */
async function changesOf(watch: KvWatch, count: number, each: () => void = () => undefined): Promise<string[]> {
  const told: string[] = [];
  for await (const event of watch) {
    if (event.type === "changes") {
      const changes = event.changes.map((change) =>
        change.type === "put" ? `${change.key}=${change.entry.text}` : `${change.key} ${change.cause}`,
      );
      told.push(`${event.revision}: ${changes.join(", ")}`);
    }
    if (told.length === count) break;
    each();
  }
  return told;
}

test("everything after the start of a watch is told, even before the first event is asked for", async () => {
  const log = new LogOfOne();
  const store = kv(log.caller());
  await store.put("a/1", "before");
  const watch = store.watch({ prefix: "a/" });
  assert.equal(await watch.started(), 2);
  await store.put("a/1", "x");
  await store.put("b", "x");
  await store.put("a/2", "y", { ephemeral: true });
  log.endSession(1);
  assert.deepEqual(await changesOf(watch, 3), ["3: a/1=x", "5: a/2=y", "6: a/2 session-ended"]);
  assert.equal(watch.revision, 6);
});

test("a watch from a past revision begins there", async () => {
  const store = kv(new LogOfOne().caller());
  for (const value of ["1", "2", "3"]) await store.put("a", value);
  assert.deepEqual(await changesOf(store.watch({ key: "a" }, { fromRevision: 3 }), 2), ["3: a=2", "4: a=3"]);
});

test("a watch that is cut again and again tells everything once, revisions in parts included", async () => {
  const log = new LogOfOne();
  const store = kv(log.caller(300));
  const keys = ["a", "b", "c", "d", "e"];
  const expected: string[] = [];
  for (let round = 0; round < 6; round += 1) {
    const { revision } = await store
      .transaction()
      .do(...keys.map((key) => operation.put(key, String(round))))
      .commit();
    expected.push(`${revision}: ${keys.map((key) => `${key}=${round}`).join(", ")}`);
  }
  const watch = store.watch({ prefix: "" }, { fromRevision: 2, progress: true });
  let turn = 0;
  const cutSome = (): void => {
    turn += 1;
    if (turn % 2 === 0) log.cuts.at(-1)?.();
  };
  const told = await changesOf(watch, 6, cutSome);
  assert.deepEqual(told, expected);
  assert.ok(log.cuts.length > 1, "the watch was cut at least once");
});

test("a cut in the middle of a revision makes neither a gap nor a repetition", async () => {
  const log = new LogOfOne();
  const store = kv(log.caller(1));
  const inner = log.caller(1);
  let parts = 0;
  const cutting = {
    ...inner,
    async *watch(...given: Parameters<typeof inner.watch>): ReturnType<typeof inner.watch> & AsyncGenerator<never> {
      for await (const reply of inner.watch(...given)) {
        parts += 1;
        if (parts === 2) log.cuts.at(-1)?.();
        yield reply as never;
      }
    },
  };
  await store
    .transaction()
    .do(...["a", "b", "c", "d"].map((key) => operation.put(key, "1")))
    .commit();
  const told = await changesOf(kv(cutting).watch({ prefix: "" }, { fromRevision: 1 }), 1);
  assert.deepEqual(told, ["2: a=1, b=1, c=1, d=1"]);
  assert.ok(parts > 4, "some part came twice");
});

test("a watch whose past is forgotten says so and ends", async () => {
  const store = kv(new LogOfOne({ historyRevisionsMax: 2 }).caller());
  for (const value of ["1", "2", "3", "4"]) await store.put("a", value);
  const events: KvWatchEvent[] = [];
  for await (const event of store.watch({ key: "a" }, { fromRevision: 2 })) events.push(event);
  assert.deepEqual(events, [{ type: "compacted", revision: 3 }]);
});
