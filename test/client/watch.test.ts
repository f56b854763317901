import assert from "node:assert/strict";
import { test } from "node:test";
import { type Client, type ClientFrame, createClient, type WatchFrame } from "@quorate/client";
import { QuorateError, type Reply } from "@quorate/machine";
import { FakeClock } from "./fake-clock.ts";
import { FakeCluster } from "./fake-cluster.ts";

const words = (text: string): Uint8Array => new TextEncoder().encode(text);
const said = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

type Connection = Parameters<NonNullable<FakeCluster["intercept"]>>[1];

interface World {
  readonly clock: FakeClock;
  readonly cluster: FakeCluster;
  readonly client: Client;
  /** Watches that replicas were asked for, with the connection they came on. */
  readonly watches: { readonly frame: WatchFrame; readonly connection: Connection }[];
  readonly others: ClientFrame[];
}

function world(nodes: number, watchWindowBytes = 1000): World {
  const clock = new FakeClock();
  const cluster = new FakeCluster(clock, nodes);
  const watches: World["watches"] = [];
  const others: ClientFrame[] = [];
  cluster.intercept = (frame, connection) => {
    if (frame.kind === "watch") watches.push({ frame, connection });
    else if (frame.kind === "more" || frame.kind === "cancel") others.push(frame);
    else return false;
    return true;
  };
  const { endpoints, dial } = cluster;
  const client = createClient({ endpoints, dial, clock, seed: 3, limits: { watchWindowBytes } });
  return { clock, cluster, client, watches, others };
}

function event({ cluster, watches }: World, text: string, revision: number, at = watches.length - 1): void {
  const { frame, connection } = watches[at]!;
  cluster.answer(connection, { kind: "event", id: frame.id, revision, bytes: words(text) });
}

/** Takes events as they come. */
function reader(events: AsyncIterable<Reply>): {
  texts: string[];
  revisions: number[];
  error: QuorateError | null;
  over: boolean;
} {
  const seen = { texts: [] as string[], revisions: [] as number[], error: null as QuorateError | null, over: false };
  void (async () => {
    try {
      for await (const { bytes, revision } of events) {
        seen.texts.push(said(bytes));
        seen.revisions.push(revision);
      }
      seen.over = true;
    } catch (error) {
      assert.ok(error instanceof QuorateError, String(error));
      seen.error = error;
    }
  })();
  return seen;
}

const asked = ({ watches }: World): string[] => watches.map(({ frame }) => said(frame.request));
const request = (afterRevision: number): Uint8Array => words(`after ${afterRevision}`);

test("events come in order, and no event opens a session", async () => {
  const w = world(1);
  const seen = reader(w.client.watch("kv", request));
  await w.clock.settle();
  event(w, "a", 0);
  event(w, "b", 5);
  await w.clock.settle();
  assert.deepEqual(seen.texts, ["a", "b"]);
  assert.deepEqual(seen.revisions, [0, 5]);
  assert.equal(w.cluster.liveSessions.size, 0);
});

test("after a broken connection the watch is asked for again behind the last whole revision that was taken", async () => {
  const w = world(2);
  const seen = reader(w.client.watch("kv", request));
  await w.clock.settle();
  event(w, "a", 5);
  event(w, "b", 0);
  await w.clock.settle();
  const node = w.watches[0]!.connection.node;
  w.cluster.stop(node);
  await w.clock.pass(500);
  assert.deepEqual(asked(w), ["after 0", "after 5"]);
  assert.notEqual(w.watches[1]!.connection.node, node);
  event(w, "b", 6);
  await w.clock.settle();
  assert.deepEqual(seen.texts, ["a", "b", "b"]);
});

test("events that were not taken when the connection broke are dropped and asked for again", async () => {
  const w = world(1);
  const events = w.client.watch("kv", request)[Symbol.asyncIterator]();
  const first = events.next();
  await w.clock.settle();
  event(w, "a", 5);
  event(w, "b", 6);
  await w.clock.settle();
  assert.equal(said((await first).value!.bytes), "a");
  w.cluster.cut(1);
  await w.clock.pass(500);
  assert.deepEqual(asked(w), ["after 0", "after 5"]);
  event(w, "b again", 6);
  await w.clock.settle();
  assert.equal(said((await events.next()).value!.bytes), "b again");
});

test("a watch that its replica ended is asked for again, after a pause", async () => {
  const w = world(1);
  const seen = reader(w.client.watch("kv", request));
  await w.clock.settle();
  event(w, "a", 5);
  const { frame, connection } = w.watches[0]!;
  w.cluster.answer(connection, { kind: "watch-ended", id: frame.id, why: "a snapshot was installed" });
  await w.clock.settle();
  assert.equal(w.watches.length, 1);
  await w.clock.pass(500);
  assert.deepEqual(asked(w), ["after 0", "after 5"]);
  assert.equal(seen.error, null);
});

test("what was compacted surfaces with its code", async () => {
  const w = world(1);
  const seen = reader(w.client.watch("kv", request));
  await w.clock.settle();
  event(w, "a", 5);
  const { frame, connection } = w.watches[0]!;
  w.cluster.refuse(connection, frame.id, { code: "COMPACTED" });
  await w.clock.settle();
  assert.deepEqual(seen.texts, ["a"]);
  assert.equal(seen.error?.code, "COMPACTED");
});

test("a replica that cannot serve a watch now is not asked in a loop", async () => {
  const w = world(1);
  const seen = reader(w.client.watch("kv", request));
  await w.clock.settle();
  for (let refusals = 0; refusals < 5; refusals++) {
    const { frame, connection } = w.watches.at(-1)!;
    w.cluster.refuse(connection, frame.id, { code: "NOT_FORMED" });
    await w.clock.settle();
    assert.equal(w.watches.length, refusals + 1);
    await w.clock.pass(600);
    assert.equal(w.watches.length, refusals + 2);
  }
  assert.equal(seen.error, null);
});

test("the replica is given more room only as the reader takes what came", async () => {
  const w = world(1, 10);
  const events = w.client.watch("kv", request)[Symbol.asyncIterator]();
  const first = events.next();
  await w.clock.settle();
  for (const text of ["aa", "bb", "cc"]) event(w, text, 0);
  await w.clock.settle();
  await first;
  assert.deepEqual(w.others, []);
  await events.next();
  await w.clock.settle();
  assert.deepEqual(w.others, [{ kind: "more", id: w.watches[0]!.frame.id, bytes: 6 }]);
});

test("leaving the loop, a signal, a deadline and close each end a watch and tell the replica", async () => {
  const w = world(1);
  const left = w.client.watch("kv", request)[Symbol.asyncIterator]();
  void left.next();
  const controller = new AbortController();
  const aborted = reader(w.client.watch("kv", request, { signal: controller.signal }));
  const timed = reader(w.client.watch("kv", request, { timeoutMs: 300 }));
  const open = reader(w.client.watch("kv", request));
  await w.clock.settle();
  assert.equal(w.watches.length, 4);
  await left.return!();
  controller.abort();
  await w.clock.pass(300);
  assert.equal(aborted.error?.code, "ABORTED");
  assert.equal(timed.error?.code, "DEADLINE");
  assert.equal(w.others.filter(({ kind }) => kind === "cancel").length, 3);
  assert.equal(open.over, false);
  await Promise.all([w.client.close(), w.clock.settle()]);
  assert.equal(open.over, true);
  assert.equal(w.clock.timers, 0);
});
