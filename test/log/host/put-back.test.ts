import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HostStatus, OldCopy } from "@quorate/log";
import { MemoryCluster } from "../memory-cluster.ts";

/** More write units than the cluster of these tests writes before a disk is put back. */
const UNITS = 30;

/** A cluster in which node 3 runs on a copy of its disk from before the last words; the leader, at least, heard of more. */
function putBack(): MemoryCluster {
  const cluster = new MemoryCluster();
  cluster.startAll();
  cluster.awaitLeader();
  const client = cluster.client().open();
  client.appended("before");
  cluster.settle();
  const copy = cluster.node(3).disk.copy();
  for (let word = 1; word <= 10; word++) client.appended(`word ${word}`);
  cluster.settle();
  cluster.time.run(300);
  cluster.kill(3);
  cluster.node(3).disk = copy;
  copy.kill();
  cluster.start(3);
  return cluster;
}

/** The same, but nobody hears what node 3 says: it promises to one leader after the other, and writes more than was ever heard of its disk. */
function putBackUnheard(): MemoryCluster {
  const cluster = putBack();
  for (const id of [1, 2]) cluster.network.cut(3, id);
  for (let change = 1; change <= UNITS; change++) {
    const leader = cluster.awaitLeader();
    cluster.node(leader).replica!.transferTo(3 - leader, () => undefined);
    cluster.awaitLeader(leader);
  }
  assert.deepEqual(codes(cluster, 3), [], "nobody could tell it");
  return cluster;
}

function codes(cluster: MemoryCluster, node: number): string[] {
  return cluster.node(node).failures.map(({ code }) => code);
}

describe("a disk that was put back (rule 14)", () => {
  it("Its node is not listened to by the leader that heard of more: with it alone nobody is elected, however long it runs and whatever it writes.", () => {
    const cluster = putBack();
    cluster.time.run(1_000);
    cluster.kill(cluster.leader() === 1 ? 2 : 1);
    cluster.time.run(5_000);
    assert.equal(cluster.leader(), 0, "one of two that count is no quorum of three");
  });

  it("A restart does not make that leader forget: what it heard is on its disk.", () => {
    const cluster = putBack();
    cluster.time.run(300);
    const leader = cluster.leader();
    for (const id of [1, 2]) cluster.kill(id);
    cluster.start(leader);
    cluster.time.run(5_000);
    assert.equal(cluster.leader(), 0);
  });

  it("Started again before it wrote as much as it had lost, it is still not listened to.", () => {
    const cluster = putBack();
    cluster.kill(3);
    cluster.start(3);
    cluster.time.run(1_000);
    cluster.kill(cluster.leader() === 1 ? 2 : 1);
    cluster.time.run(5_000);
    assert.equal(cluster.leader(), 0);
  });

  it("It is told so, stops, and its folder says so from then on; the others go on.", () => {
    const cluster = putBack();
    cluster.time.until("node 3 stops", () => cluster.node(3).failures.length > 0);
    assert.match(
      cluster.node(3).failures[0]!.message,
      /older copy .* a peer heard of write unit \d+.* start it with join/,
    );
    cluster.kill(3);
    cluster.start(3);
    cluster.time.run(1_000);
    // By the host, and by the group that waited to be opened.
    assert.deepEqual(codes(cluster, 3), ["WIPED", "WIPED", "WIPED"]);
    cluster.client().open().appended("after");
    assert.deepEqual([codes(cluster, 1), codes(cluster, 2)], [[], []]);
  });

  it("One that wrote more than was heard of it before it was told is not listened to after a restart either.", () => {
    const cluster = putBackUnheard();
    const writtenTo = cluster.node(3).host!.status().walUnit;
    for (const id of [1, 2]) cluster.network.heal(3, id);
    cluster.time.until("node 3 stops", () => cluster.node(3).failures.length > 0);
    const unit = Number(/write unit (\d+)/.exec(cluster.node(3).failures[0]!.message)![1]);
    assert.ok(
      unit < writtenTo,
      `unit ${unit} was heard of, and ${writtenTo} are on the disk: the next process would be listened to`,
    );
    cluster.kill(3);
    cluster.start(3);
    cluster.time.run(1_000);
    cluster.kill(cluster.leader() === 1 ? 2 : 1);
    cluster.time.run(5_000);
    assert.equal(cluster.leader(), 0, "one of two that count is no quorum of three");
  });

  it("A power loss before that is written down makes it none the wiser: it is told again.", () => {
    const cluster = putBack();
    const ended = (): boolean => cluster.node(3).host!.status().state === "failed";
    cluster.time.until("node 3 is told", ended);
    assert.deepEqual(codes(cluster, 3), [], "its file is not durable yet");
    cluster.powerLoss([3], () => 0);
    cluster.start(3);
    assert.notEqual(cluster.node(3).host!.status().state, "failed");
    cluster.time.until("node 3 stops", () => cluster.node(3).failures.length > 0);
    assert.deepEqual([...new Set(codes(cluster, 3))], ["WIPED"]);
  });

  it("What is said of another disk, of another process or of no more than it began with stops nobody.", () => {
    const cluster = new MemoryCluster();
    cluster.startAll();
    cluster.awaitLeader();
    cluster.settle();
    cluster.kill(2);
    cluster.start(2);
    cluster.time.until("node 2 serves", () => cluster.node(2).replica !== null);
    const status = (): HostStatus => cluster.node(2).host!.status();
    const { incarnation, life } = status();
    const mistaken = cluster.network.transport(4);
    mistaken.open(
      () => undefined,
      () => undefined,
    );
    const say = (said: Omit<OldCopy, "kind">): void => {
      const speaker = { node: 4, incarnation: 4, life: 4, unit: 9, unitAtStart: 9 };
      mistaken.send(0, speaker, [2], { kind: "old-copy", ...said });
      mistaken.endTurn();
      cluster.time.run(100);
    };
    say({ incarnation: incarnation + 1, life, unit: 1_000 });
    say({ incarnation, life: life + 1, unit: 1_000 });
    say({ incarnation, life, unit: 1 });
    assert.deepEqual([status().state, status().counters["old-copy-not-meant"]], ["formed", 3]);
    say({ incarnation, life, unit: 1_000 });
    assert.equal(status().state, "failed");
  });
});
