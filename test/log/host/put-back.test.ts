import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryCluster } from "../memory-cluster.ts";

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
});
