import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { memoryNetwork, type MemoryNetwork, type PeerMessage, type Transport } from "@quorate/log";

const SPEAKER = { node: 1, incarnation: 11, life: 111, unit: 0, unitAtStart: 0 };
const MESSAGE: PeerMessage = { kind: "digest", slot: 1, digest: 2, revision: 3 };

describe("memory transport", () => {
  let later: (() => void)[] = [];
  let network: MemoryNetwork;
  let one: Transport;
  let received: PeerMessage[] = [];
  let refused: number[] = [];

  function run(): void {
    while (later.length > 0) later.shift()!();
  }

  function send(): void {
    one.send(1, SPEAKER, [2], MESSAGE);
    one.endTurn();
  }

  beforeEach(() => {
    later = [];
    received = [];
    refused = [];
    network = memoryNetwork((_from, _to, _bytes, deliver) => later.push(deliver));
    one = network.transport(1);
    one.open(
      () => undefined,
      (node) => refused.push(node),
    );
    network.transport(2).open(
      (_from, _group, message) => received.push(message),
      () => undefined,
    );
  });

  it("Nothing leaves before the turn ends, and then as one frame.", () => {
    one.send(1, SPEAKER, [2], MESSAGE);
    one.send(1, SPEAKER, [2], MESSAGE);
    assert.equal(later.length, 0);
    one.endTurn();
    assert.equal(later.length, 1);
    run();
    assert.equal(received.length, 2);
    assert.equal(network.delivered, 1);
  });

  it("A cut loses what is on its way, in its direction alone, and says nothing to anybody.", () => {
    send();
    network.cut(1, 2);
    run();
    assert.equal(received.length, 0);
    assert.deepEqual(refused, []);
    network.heal(1, 2);
    network.cut(2, 1);
    send();
    run();
    assert.equal(received.length, 1);
  });

  it("A node without a process refuses the link, and the sender is told in a later turn.", () => {
    network.transport(2);
    send();
    assert.deepEqual(refused, []);
    run();
    assert.deepEqual(refused, [2]);
    assert.equal(received.length, 0);
  });

  it("What is on its way counts as queued until it arrives.", () => {
    send();
    assert.ok(one.queuedBytes(2) > 0);
    run();
    assert.equal(one.queuedBytes(2), 0);
  });
});
