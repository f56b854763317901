import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { ConnectionEnd, Dial, ServerFrame, ServerHello } from "@quorate/client";
import { createClient } from "@quorate/client";
import { createClientPort, dialWebSocket, type Listener } from "@quorate/net";
import { browserSocket, dialOver, type PlatformWebSocket } from "@quorate/net/browser";
import { WebSocket } from "ws";
import { clock, closing, FakeReplica, listening, until } from "./sockets.ts";

const open: Listener[] = [];
after(() => Promise.all(open.map(closing)));

async function serve(): Promise<{ replica: FakeReplica; endpoint: string; listener: Listener }> {
  const replica = new FakeReplica();
  replica.echoes = true;
  const clients = createClientPort({ cluster: "c", node: 1, endpoints: new Map(), clock, replica: () => replica });
  const listener = await listening({ clients });
  open.push(listener);
  return { replica, endpoint: listener.endpoint, listener };
}

interface Seen {
  hello: ServerHello | null;
  readonly frames: ServerFrame[];
  end: ConnectionEnd | null;
}

function dialled(dial: Dial, endpoint: string): { seen: Seen; connection: ReturnType<Dial> } {
  const seen: Seen = { hello: null, frames: [], end: null };
  const connection = dial(endpoint, {
    opened: (hello) => (seen.hello = hello),
    received: (frame) => seen.frames.push(frame),
    closed: (end) => (seen.end = end),
  });
  return { seen, connection };
}

const makes: readonly [string, (cluster: string) => Dial][] = [
  ["Node", (cluster) => dialWebSocket({ clock, cluster })],
  [
    "a browser",
    (cluster) => dialOver({ clock, cluster, openSocket: browserSocket(WebSocket as unknown as PlatformWebSocket) }),
  ],
];

for (const [platform, make] of makes) {
  test(`from ${platform}: what was sent before the connection opened is answered once it is`, async () => {
    const { endpoint } = await serve();
    const { seen, connection } = dialled(make("c"), endpoint);
    connection.send({ kind: "ping", id: 1 });
    connection.send({ kind: "status", id: 2 });
    assert.equal(seen.hello, null);
    await until(() => seen.frames.length === 2);
    assert.deepEqual(seen.hello, { cluster: "c", node: 1, endpoints: [] });
    connection.close();
  });

  test(`from ${platform}: another cluster ends the attempt for good, with the reason`, async () => {
    const { endpoint } = await serve();
    const { seen } = dialled(make("d"), endpoint);
    await until(() => seen.end !== null);
    assert.equal(seen.end?.code, "WRONG_CLUSTER");
    assert.match(seen.end.why, /"c"/);
  });

  test(`from ${platform}: the end of the replica is told once`, async () => {
    const { endpoint, listener } = await serve();
    const { seen } = dialled(make("c"), endpoint);
    await until(() => seen.hello !== null);
    open.splice(open.indexOf(listener), 1);
    await closing(listener);
    await until(() => seen.end !== null);
    assert.equal(seen.end?.code, "");
    assert.equal(seen.end.why, "the node stops");
  });
}

test("an address where nobody listens, and one that is none, are told in a later turn", async () => {
  const { endpoint, listener } = await serve();
  open.splice(open.indexOf(listener), 1);
  await closing(listener);
  const dead = dialled(dialWebSocket({ clock }), endpoint);
  const none = dialled(dialWebSocket({ clock }), "not an address");
  assert.equal(dead.seen.end, null);
  assert.equal(none.seen.end, null);
  await until(() => dead.seen.end !== null && none.seen.end !== null);
  assert.match(dead.seen.end!.why, /refused/);
  assert.match(none.seen.end!.why, /URL/i);
});

test("a client over sockets: reads of one turn leave as one message, and each gets its own answer", async () => {
  const { replica, endpoint } = await serve();
  const client = createClient({ endpoints: [endpoint], dial: dialWebSocket({ clock }), clock, seed: 5 });
  const texts = Array.from({ length: 300 }, (_none, index) => `q${index}`);
  const replies = await Promise.all(texts.map((text) => client.read("kv", new TextEncoder().encode(text))));
  assert.deepEqual(
    replies.map(({ bytes }) => new TextDecoder().decode(bytes)),
    texts,
  );
  assert.equal(replica.asked.length, 300);
  await client.close();
});
