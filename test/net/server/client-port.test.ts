import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type ClientPort, type ClientPortOptions, createClientPort, type Listener } from "@quorate/net";
import { decodeServerFrames, decodeServerHello, encodeClientFrames, encodeClientHello } from "@quorate/net/codec";
import type { ClientFrame, ServerFrame } from "@quorate/client";
import { clock, closing, FakeReplica, listening, QuorateError, type RawSocket, rawSocket, until } from "../sockets.ts";

const open: Listener[] = [];
after(() => Promise.all(open.map(closing)));

interface Served {
  readonly replica: FakeReplica;
  readonly port: ClientPort;
  readonly url: string;
}

async function serve(options: Partial<ClientPortOptions> = {}): Promise<Served> {
  const replica = new FakeReplica();
  const endpoints = new Map([[1, "ws://one"]]);
  const port = createClientPort({ cluster: "c", node: 1, endpoints, clock, replica: () => replica, ...options });
  const listener = await listening({ clients: port });
  open.push(listener);
  return { replica, port, url: `${listener.endpoint}/client` };
}

async function greeted(url: string): Promise<RawSocket> {
  const raw = await rawSocket(url);
  raw.send(encodeClientHello({ cluster: "c", credential: "" }));
  await until(() => raw.heard.length === 1);
  return raw;
}

const call = (id: number, text = ""): ClientFrame => ({
  kind: "call",
  id,
  session: 4,
  number: id,
  releasedTo: 0,
  machine: "kv",
  command: new TextEncoder().encode(text),
});
const frames = (raw: RawSocket): ServerFrame[] => raw.heard.slice(1).flatMap((bytes) => decodeServerFrames(bytes));

test("the hello says who answers and where the others are", async () => {
  const { url } = await serve();
  const raw = await greeted(url);
  const hello = { cluster: "c", node: 1, endpoints: [{ node: 1, endpoint: "ws://one" }] };
  assert.deepEqual(decodeServerHello(raw.heard[0]!), hello);
});

test("a call reaches the replica with its number, its command untouched, and its reply comes back under its id", async () => {
  const { replica, url } = await serve();
  const raw = await greeted(url);
  raw.send(encodeClientFrames([call(7, "x")]));
  await until(() => replica.asked.length === 1);
  assert.deepEqual(replica.asked[0]!.request, { session: 4, number: 7 });
  assert.deepEqual(Buffer.from(replica.asked[0]!.bytes).toString(), "x");
  replica.asked[0]!.done(null, { bytes: Uint8Array.of(1), revision: 9, logTimeMs: 3 });
  await until(() => raw.heard.length === 2);
  assert.deepEqual(frames(raw), [{ kind: "reply", id: 7, revision: 9, logTimeMs: 3, bytes: Uint8Array.of(1) }]);
});

test("the replies of one turn leave as one message", async () => {
  const { replica, url } = await serve();
  const raw = await greeted(url);
  raw.send(encodeClientFrames(Array.from({ length: 100 }, (_none, index) => call(index + 1))));
  await until(() => replica.asked.length === 100);
  for (const { done, bytes } of replica.asked) done(null, { bytes, revision: 1, logTimeMs: 0 });
  await until(() => raw.heard.length > 1);
  assert.equal(raw.heard.length, 2);
  assert.equal(frames(raw).length, 100);
});

test("an error carries its code, outcome and leader, and whether the log said it", async () => {
  const { replica, url } = await serve();
  const raw = await greeted(url);
  raw.send(encodeClientFrames([call(1), call(2)]));
  await until(() => replica.asked.length === 2);
  const request = { session: 4, number: 2 };
  replica.asked[0]!.done(new QuorateError("NO_LEADER", "not-applied", "not here", { leader: 3 }), null as never);
  replica.asked[1]!.done(new QuorateError("BURNT", "not-applied", "burnt", { revision: 0 }, request), null as never);
  await until(() => frames(raw).length === 2);
  assert.deepEqual(frames(raw), [
    { kind: "error", id: 1, code: "NO_LEADER", outcome: "not-applied", settled: false, message: "not here", leader: 3 },
    { kind: "error", id: 2, code: "BURNT", outcome: "not-applied", settled: true, message: "burnt", leader: 2 },
  ]);
});

test("before there is a replica a call is refused as not applied", async () => {
  const { url } = await serve({ replica: () => null });
  const raw = await greeted(url);
  raw.send(encodeClientFrames([call(1)]));
  await until(() => raw.heard.length === 2);
  const [frame] = frames(raw);
  assert.ok(frame?.kind === "error");
  assert.equal(frame.code, "NOT_FORMED");
  assert.equal(frame.outcome, "not-applied");
});

test("too many requests on one connection are refused, and counted", async () => {
  const { replica, port, url } = await serve({ limits: { inFlightMax: 3 } });
  const raw = await greeted(url);
  raw.send(encodeClientFrames([1, 2, 3, 4, 5].map((id) => call(id))));
  await until(() => frames(raw).length === 2);
  assert.equal(replica.asked.length, 3);
  assert.deepEqual(
    frames(raw).map((frame) => frame.kind === "error" && [frame.id, frame.code]),
    [
      [4, "OVERLOADED"],
      [5, "OVERLOADED"],
    ],
  );
  assert.equal(port.counters()["refused-in-flight"], 2);
});

test("the answer to a cancelled request is not sent", async () => {
  const { replica, url } = await serve();
  const raw = await greeted(url);
  raw.send(encodeClientFrames([call(1), call(2), { kind: "cancel", id: 1 }, { kind: "ping", id: 9 }]));
  await until(() => frames(raw).length === 1);
  for (const { done, bytes } of replica.asked) done(null, { bytes, revision: 1, logTimeMs: 0 });
  await until(() => frames(raw).length === 2);
  assert.deepEqual(
    frames(raw).map(({ kind, id }) => [kind, id]),
    [
      ["pong", 9],
      ["reply", 2],
    ],
  );
});

test("a part of a snapshot comes back under the id that asked for it, and one client has one at a time", async () => {
  const { replica, url } = await serve();
  const raw = await greeted(url);
  const ask = (id: number): ClientFrame => ({ kind: "snapshot", id, slot: 0, position: 0, minRevision: 5 });
  raw.send(encodeClientFrames([ask(1), ask(2)]));
  await until(() => frames(raw).length === 1);
  assert.deepEqual(frames(raw)[0], { ...frames(raw)[0], kind: "error", id: 2, code: "OVERLOADED" });
  const { slot, position, minRevision, done } = replica.snapshots[0]!;
  assert.deepEqual([replica.snapshots.length, slot, position, minRevision], [1, 0, 0, 5]);
  const part = { slot: 9, position: 0, bytesTotal: 2, checksum: 3, bytes: Uint8Array.of(1, 2) };
  done(null, { kind: "snapshot-chunk", ...part });
  await until(() => frames(raw).length === 2);
  assert.deepEqual(frames(raw)[1], { kind: "snapshot", id: 1, ...part });
  raw.send(encodeClientFrames([ask(3)]));
  await until(() => replica.snapshots.length === 2);
});

test("a status is answered with the flat fields of the replica's", async () => {
  const { url } = await serve();
  const raw = await greeted(url);
  raw.send(encodeClientFrames([{ kind: "status", id: 1 }]));
  await until(() => raw.heard.length === 2);
  const status = { node: 1, revision: 0, leader: 2, role: "follower" };
  assert.deepEqual(frames(raw), [{ kind: "status", id: 1, status }]);
});

for (const [what, bytes, code, counter] of [
  ["bytes that are no frame", Uint8Array.of(255, 1, 2), 4000, "bad-frames"],
  ["a frame of another version", Uint8Array.of(0x81, 2), 4001, "refused-wrong-version"],
  ["an id that is in use", encodeClientFrames([call(1), call(1)]), 4000, "bad-frames"],
  ["a text message", "hello", 4000, ""],
] as const) {
  test(`${what}: that connection is closed with a reason, and nobody else notices`, async () => {
    const { replica, port, url } = await serve();
    replica.echoes = true;
    const bad = await greeted(url);
    const good = await greeted(url);
    bad.send(bytes);
    await until(() => bad.end !== null);
    assert.equal(bad.end?.code, code);
    assert.notEqual(bad.end.reason, "");
    if (counter !== "") assert.equal(port.counters()[counter], 1);
    good.send(encodeClientFrames([call(1)]));
    await until(() => frames(good).length === 1);
    assert.equal(port.connections(), 1);
  });
}

test("a message that is too long ends its connection", async () => {
  const replica = new FakeReplica();
  const port = createClientPort({ cluster: "c", node: 1, endpoints: new Map(), clock, replica: () => replica });
  const listener = await listening({ clients: port, limits: { clientFrameBytesMax: 1000 } });
  open.push(listener);
  const raw = await greeted(`${listener.endpoint}/client`);
  raw.send(encodeClientFrames([call(1, "x".repeat(2000))]));
  await until(() => raw.end !== null);
  assert.equal(raw.end?.code, 1009);
  assert.equal(replica.asked.length, 0);
});

for (const [what, hello, code, counter] of [
  ["another cluster", { cluster: "d", credential: "secret" }, 4002, "refused-wrong-cluster"],
  ["a wrong credential", { cluster: "c", credential: "secreT" }, 4004, "refused-denied"],
  ["no credential", { cluster: "", credential: "" }, 4004, "refused-denied"],
] as const) {
  test(`a client that expects ${what} is refused, and counted`, async () => {
    const { port, url } = await serve({ credential: "secret" });
    const raw = await rawSocket(url);
    raw.send(encodeClientHello(hello));
    await until(() => raw.end !== null);
    assert.equal(raw.end?.code, code);
    assert.equal(port.counters()[counter], 1);
    assert.equal(port.connections(), 0);
  });
}

test("a client beyond the number that is taken is sent away", async () => {
  const { port, url } = await serve({ limits: { connectionsMax: 1 } });
  await greeted(url);
  const second = await rawSocket(url);
  await until(() => second.end !== null);
  assert.equal(second.end?.code, 4005);
  assert.equal(port.counters()["refused-too-many-connections"], 1);
});

test("a client that says no hello is hung up on", async () => {
  const { port, url } = await serve({ limits: { helloMs: 20 } });
  const raw = await rawSocket(url);
  await until(() => raw.end !== null);
  assert.equal(port.counters()["refused-without-hello"], 1);
});

test("a watch is pulled when woken, in order, and its last event says how far everything was told", async () => {
  const { replica, url } = await serve();
  const raw = await greeted(url);
  const watch = {
    kind: "watch",
    id: 1,
    minRevision: 0,
    windowBytes: 1000,
    machine: "kv",
    request: new Uint8Array(0),
  } as const;
  raw.send(encodeClientFrames([watch]));
  await until(() => replica.pulls > 0);
  const [served] = replica.watches;
  served!.queue.push(Uint8Array.of(1), Uint8Array.of(2));
  replica.revision = 12;
  served!.wake();
  await until(() => frames(raw).length === 2);
  assert.deepEqual(frames(raw), [
    { kind: "event", id: 1, revision: 0, bytes: Uint8Array.of(1) },
    { kind: "event", id: 1, revision: 12, bytes: Uint8Array.of(2) },
  ]);
  raw.send(encodeClientFrames([{ kind: "cancel", id: 1 }]));
  await until(() => served!.closed);
});

test("a watch sends no more than its window, and goes on when told", async () => {
  const { replica, url } = await serve();
  const raw = await greeted(url);
  const watch = {
    kind: "watch",
    id: 1,
    minRevision: 0,
    windowBytes: 10,
    machine: "kv",
    request: new Uint8Array(0),
  } as const;
  raw.send(encodeClientFrames([watch]));
  await until(() => replica.pulls > 0);
  const [served] = replica.watches;
  for (let index = 0; index < 20; index++) served!.queue.push(new Uint8Array(4));
  served!.wake();
  raw.send(encodeClientFrames([{ kind: "ping", id: 2 }]));
  await until(() => frames(raw).some(({ kind }) => kind === "pong"));
  const before = frames(raw).filter(({ kind }) => kind === "event").length;
  assert.ok(before >= 2 && before <= 3, String(before));
  raw.send(encodeClientFrames([{ kind: "more", id: 1, bytes: 1000 }]));
  await until(() => frames(raw).filter(({ kind }) => kind === "event").length === 20);
});

test("a watch whose machine was replaced ends with the wish to be asked again; another failure is its answer", async () => {
  const { replica, url } = await serve();
  const raw = await greeted(url);
  const watch = { kind: "watch", minRevision: 0, windowBytes: 10, machine: "kv", request: new Uint8Array(0) } as const;
  raw.send(
    encodeClientFrames([
      { ...watch, id: 1 },
      { ...watch, id: 2 },
    ]),
  );
  await until(() => replica.pulls >= 2);
  replica.watches[0]!.fail = new QuorateError("CLOSED", "not-applied", "a snapshot was installed");
  replica.watches[1]!.fail = new QuorateError("COMPACTED", "not-applied", "gone");
  for (const served of replica.watches) served.wake();
  await until(() => frames(raw).length === 2);
  assert.deepEqual(
    frames(raw).map((frame) => [frame.kind, frame.kind === "error" ? frame.code : ""]),
    [
      ["watch-ended", ""],
      ["error", "COMPACTED"],
    ],
  );
});

test("the end of a connection closes its watches", async () => {
  const { replica, port, url } = await serve();
  const raw = await greeted(url);
  raw.send(
    encodeClientFrames([
      { kind: "watch", id: 1, minRevision: 0, windowBytes: 10, machine: "kv", request: new Uint8Array(0) },
    ]),
  );
  await until(() => replica.pulls > 0);
  raw.close();
  await until(() => port.connections() === 0);
  assert.ok(replica.watches[0]!.closed);
});
