import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster, majorityOf, member } from "./cluster.ts";

test("three nodes elect one leader, and what it is given is chosen at all of them in order", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const leader = cluster.elect();
  for (const text of ["a", "b", "c"]) assert.equal(cluster.propose(leader, text), "taken");
  cluster.run(100);
  for (const id of [1, 2, 3]) assert.deepEqual(cluster.texts(id), ["a", "b", "c"]);
});

test("one node alone is a group that leads itself", () => {
  const cluster = new Cluster(majorityOf(1));
  const leader = cluster.elect(20);
  assert.equal(cluster.propose(leader, "a"), "taken");
  cluster.run(10);
  assert.deepEqual(cluster.texts(1), ["a"]);
});

test("nothing is chosen while no disk but the leader's syncs", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const leader = cluster.elect();
  cluster.syncs = false;
  cluster.propose(leader, "a");
  cluster.deliverAll();
  cluster.sync(leader);
  cluster.deliverAll();
  assert.deepEqual(cluster.texts(leader.id), []);
  const follower = [...cluster.nodes.values()].find((node) => node !== leader)!;
  cluster.sync(follower);
  cluster.deliverAll();
  assert.deepEqual(cluster.texts(leader.id), ["a"]);
});

test("a crash of the leader is followed by another one within 100 ms once its links are refused, and nothing chosen is lost", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const old = cluster.elect();
  cluster.propose(old, "a");
  cluster.run(100);
  cluster.crash(old.id);
  for (const node of cluster.nodes.values()) if (node !== old) node.engine.suspect(old.id);
  const next = cluster.elect(100);
  assert.notEqual(next.id, old.id);
  assert.equal(cluster.propose(next, "b"), "taken");
  cluster.run(100);
  cluster.restart(old.id);
  cluster.run(300);
  for (const id of [1, 2, 3]) assert.deepEqual(cluster.texts(id), ["a", "b"]);
});

test("all nodes restart at once and everything chosen is still there", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const leader = cluster.elect();
  for (let count = 0; count < 500; count++) {
    assert.equal(cluster.propose(leader, `${count}`), "taken");
    cluster.deliverAll();
  }
  cluster.run(100);
  const before = cluster.texts(1);
  assert.equal(before.length, 500);
  for (const id of [1, 2, 3]) cluster.crash(id);
  cluster.wire.length = 0;
  for (const id of [1, 2, 3]) cluster.restart(id);
  cluster.elect();
  cluster.run(200);
  for (const id of [1, 2, 3]) assert.deepEqual(cluster.texts(id), before);
});

test("a node that was away catches up while the others go on", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const leader = cluster.elect();
  const away = [1, 2, 3].find((id) => id !== leader.id)!;
  cluster.cut = (from, to) => from === away || to === away;
  for (let count = 0; count < 1_000; count++) {
    cluster.propose(leader, `${count}`);
    cluster.deliverAll();
  }
  cluster.cut = () => false;
  for (let count = 1_000; count < 1_200; count++) {
    cluster.propose(leader, `${count}`);
    cluster.run(10);
  }
  cluster.run(300);
  assert.equal(cluster.leader(), leader);
  assert.deepEqual(cluster.texts(away), cluster.texts(leader.id));
  assert.equal(cluster.texts(away).length, 1_200);
});

test("members change from 1 to 3 to 5 and back while batches go on", () => {
  const cluster = new Cluster(majorityOf(1), {}, [2, 3, 4, 5]);
  let leader = cluster.elect();
  let count = 0;
  const load = (ms: number): void => {
    for (let waited = 0; waited < ms; waited += 10) {
      const now = cluster.leader();
      if (now !== null) {
        leader = now;
        if (cluster.propose(leader, `${count}`) === "taken") count++;
      }
      cluster.run(10);
    }
  };
  load(100);
  for (const set of [[1, 2, 3], [1, 2, 3, 4, 5], [3, 4, 5], [4]]) {
    assert.equal(leader.engine.changeMembers(majorityOf(...set)), null);
    cluster.take(leader);
    load(2_000);
    assert.deepEqual(
      leader.engine.output().governing.members.voters,
      set.map((node) => member(node)),
      `set ${set.join()}`,
    );
  }
  assert.ok(count > 400, `${count} batches were taken`);
  assert.deepEqual(cluster.texts(4), cluster.texts(leader.id));
  assert.equal(new Set(cluster.texts(4)).size, cluster.texts(4).length);
});

test("a read is confirmed by a round begun after it arrived, at the leader and at a follower", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const leader = cluster.elect();
  const follower = [...cluster.nodes.values()].find((node) => node !== leader)!;
  cluster.propose(leader, "a");
  cluster.run(100);
  leader.engine.read(1, false);
  cluster.take(leader);
  assert.equal(leader.reads.length, 0);
  cluster.deliverAll();
  assert.equal(leader.reads[0]!.bound, leader.chosen[leader.chosen.length - 1]!.slot);
  follower.engine.read(9, false);
  cluster.take(follower);
  cluster.deliverAll();
  assert.deepEqual(follower.reads, [{ token: 9, bound: leader.reads[0]!.bound, validUntilMs: Infinity }]);
});

test("a copy of an engine goes on by itself and leaves the original as it was", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3));
  const leader = cluster.elect();
  const before = leader.engine.fingerprint();
  const copy = leader.engine.copy();
  assert.equal(copy.fingerprint(), before);
  assert.equal(copy.propose(leader.opening, new Uint8Array(1)), "taken");
  assert.equal(leader.engine.fingerprint(), before);
  assert.notEqual(copy.fingerprint(), before);
});
