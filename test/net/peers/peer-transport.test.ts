import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { PeerMessage } from "@quorate/log";
import type { Speaker } from "@quorate/paxos";
import { createPeerTransport, type Listener, type PeerTransport, type PeerTransportOptions } from "@quorate/net";
import {
  decodePeerFrame,
  decodePeerHello,
  encodePeerHello,
  encodePeerMessage,
  encodeSpeaker,
  joinItems,
} from "@quorate/net/codec";
import { clock, closing, listening, rawSocket, until } from "../sockets.ts";

interface Node {
  readonly transport: PeerTransport;
  readonly listener: Listener;
  readonly heard: { from: Speaker; group: number; message: PeerMessage }[];
  readonly refused: number[];
  /** Makes the transport, once everybody's address is known. */
  open(): void;
  stop(): Promise<void>;
}

const running = new Set<Node>();
after(() => Promise.all([...running].map((node) => node.stop())));

const speaker = (node: number): Speaker => ({ node, incarnation: node * 10, life: 1, unit: 5, unitAtStart: 2 });
const fetch = (slotFrom: number): PeerMessage => ({ kind: "fetch", slotFrom });

/** `peers` is filled in as the nodes start; a transport reads it when it is made. */
async function start(
  node: number,
  peers: Map<number, string>,
  options: Partial<PeerTransportOptions> = {},
  port = 0,
): Promise<Node> {
  let transport: PeerTransport | null = null;
  // The port is known before the transport is made, so that everybody can be told.
  const listener = await listening({ peers: { accept: (make) => transport!.accept(make) } as PeerTransport }, port);
  peers.set(node, listener.endpoint);
  const limits = { redialMsMin: 1, redialMsMax: 5 };
  const made: Node = {
    get transport() {
      return transport!;
    },
    listener,
    heard: [],
    refused: [],
    open() {
      transport = createPeerTransport({ cluster: "c", node, peers, clock, seed: node, limits, ...options });
      transport.open(
        (from, group, message) => made.heard.push({ from, group, message }),
        (other) => made.refused.push(other),
      );
    },
    async stop() {
      running.delete(made);
      transport?.close();
      await closing(listener);
    },
  };
  running.add(made);
  return made;
}

async function cluster(size: number, options: Partial<PeerTransportOptions> = {}): Promise<Node[]> {
  const peers = new Map<number, string>();
  const nodes: Node[] = [];
  for (let node = 1; node <= size; node++) nodes.push(await start(node, peers, options));
  for (const node of nodes) node.open();
  await until(() => nodes.every(({ transport }) => transport.status().every(({ state }) => state === "open")));
  return nodes;
}

test("what is sent in a turn arrives at every peer in order, each with its group and speaker", async () => {
  const nodes = await cluster(3);
  const [first, second, third] = nodes as [Node, Node, Node];
  first.transport.send(1, speaker(1), [2, 3], fetch(1));
  first.transport.send(2, speaker(1), [2, 3], fetch(2));
  first.transport.send(2, speaker(1), [3], fetch(3));
  assert.equal(second.heard.length, 0);
  first.transport.endTurn();
  await until(() => second.heard.length === 2 && third.heard.length === 3);
  assert.deepEqual(second.heard, [
    { from: speaker(1), group: 1, message: fetch(1) },
    { from: speaker(1), group: 2, message: fetch(2) },
  ]);
  assert.deepEqual(
    third.heard.map(({ message }) => message),
    [fetch(1), fetch(2), fetch(3)],
  );
  third.transport.send(1, speaker(3), [1], fetch(9));
  third.transport.endTurn();
  await until(() => first.heard.length === 1);
  assert.deepEqual(first.heard, [{ from: speaker(3), group: 1, message: fetch(9) }]);
  await Promise.all(nodes.map((node) => node.stop()));
});

test("a process that is gone is told by both kinds of peer: who dials it, and who was dialled by it", async () => {
  const [first, second, third] = (await cluster(3)) as [Node, Node, Node];
  await second.stop();
  await until(() => first.refused.includes(2) && third.refused.includes(2));
  assert.ok(!first.refused.includes(3) && !third.refused.includes(1));
  await Promise.all([first.stop(), third.stop()]);
});

test("a node that comes back at its old address is linked again", async () => {
  const peers = new Map<number, string>();
  const nodes = [await start(1, peers), await start(2, peers)] as [Node, Node];
  for (const node of nodes) node.open();
  const linked = (node: Node): boolean => node.transport.status().every(({ state }) => state === "open");
  await until(() => nodes.every(linked));
  await nodes[1].stop();
  await until(() => !linked(nodes[0]));
  const again = await start(2, peers, {}, nodes[1].listener.port);
  again.open();
  await until(() => linked(nodes[0]) && linked(again));
  nodes[0].transport.send(1, speaker(1), [2], fetch(7));
  nodes[0].transport.endTurn();
  await until(() => again.heard.length === 1);
  await Promise.all([nodes[0].stop(), again.stop()]);
});

test("a connection that breaks without the process being gone suspects nobody", async () => {
  const peers = new Map<number, string>();
  const node = await start(2, peers);
  peers.set(1, node.listener.endpoint);
  node.open();
  const raw = await rawSocket(`${node.listener.endpoint}/peer`);
  raw.send(encodePeerHello({ cluster: "c", node: 1, incarnation: 4, credential: "" }));
  await until(() => raw.heard.length === 1);
  assert.equal(decodePeerHello(raw.heard[0]!).node, 2);
  assert.equal(node.transport.status()[0]?.incarnation, 4);
  raw.close();
  await until(() => node.transport.counters()["links-lost"] === 1);
  // Who looks finds that somebody still listens there.
  await until(() => node.transport.status()[0]?.why.startsWith("waits to be dialled") === true);
  assert.deepEqual(node.refused, []);
  await node.stop();
});

for (const [what, hello, code, counter] of [
  ["another cluster", { cluster: "d", node: 1 }, 4002, "refused-wrong-cluster"],
  ["a node that is not known", { cluster: "c", node: 9 }, 4003, "refused-wrong-node"],
  ["this node itself", { cluster: "c", node: 2 }, 4003, "refused-wrong-node"],
  ["no knowledge of the secret", { cluster: "c", node: 1, credential: "guess" }, 4004, "refused-denied"],
] as const) {
  test(`a peer with ${what} is refused with a reason, and counted`, async () => {
    const peers = new Map([[1, "ws://127.0.0.1:1"]]);
    const node = await start(2, peers, { credential: "secret" });
    node.open();
    const raw = await rawSocket(`${node.listener.endpoint}/peer`);
    raw.send(encodePeerHello({ incarnation: 0, credential: "secret", ...hello }));
    await until(() => raw.end !== null);
    assert.equal(raw.end?.code, code);
    assert.notEqual(raw.end.reason, "");
    assert.equal(node.transport.counters()[counter], 1);
    await node.stop();
  });
}

test("a peer that breaks the protocol is cut off with a reason, and nothing of its frame is heard", async () => {
  const peers = new Map([[1, "ws://127.0.0.1:1"]]);
  const node = await start(2, peers);
  node.open();
  const raw = await rawSocket(`${node.listener.endpoint}/peer`);
  raw.send(encodePeerHello({ cluster: "c", node: 1, incarnation: 0, credential: "" }));
  await until(() => raw.heard.length === 1);
  const good = [encodeSpeaker(1, speaker(1)), encodePeerMessage(fetch(1))];
  raw.send(joinItems(good));
  await until(() => node.heard.length === 1);
  raw.send(joinItems([...good, encodeSpeaker(1, speaker(7)), encodePeerMessage(fetch(2))]));
  await until(() => raw.end !== null);
  assert.equal(raw.end?.code, 4000);
  assert.match(raw.end.reason, /node 1 speaks for node 7/);
  assert.equal(node.heard.length, 1);
  await node.stop();
});

test("all messages of a turn are one message on the socket, with the speaker once per group", async () => {
  const peers = new Map([[1, "ws://127.0.0.1:1"]]);
  const node = await start(2, peers);
  node.open();
  const raw = await rawSocket(`${node.listener.endpoint}/peer`);
  raw.send(encodePeerHello({ cluster: "c", node: 1, incarnation: 0, credential: "" }));
  await until(() => raw.heard.length === 1);
  const messages = [1, 2, 3, 4].map(fetch);
  for (const message of messages) node.transport.send(1, speaker(2), [1], message);
  node.transport.endTurn();
  await until(() => raw.heard.length === 2);
  const frame = joinItems([encodeSpeaker(1, speaker(2)), ...messages.map(encodePeerMessage)]);
  assert.deepEqual(raw.heard[1], frame);
  assert.equal(decodePeerFrame(raw.heard[1]!, 2).length, 4);
  raw.close();
  await node.stop();
});

test("a message to a node without a link, or unknown, is lost and harms nobody", async () => {
  const peers = new Map([[1, "ws://127.0.0.1:1"]]);
  const node = await start(2, peers);
  node.open();
  node.transport.send(1, speaker(2), [1, 9, 2], fetch(1));
  node.transport.endTurn();
  assert.equal(node.transport.queuedBytes(1), 0);
  assert.equal(node.transport.counters()["messages-to-unknown-node"], 1);
  await node.stop();
});
