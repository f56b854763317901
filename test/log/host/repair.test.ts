import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ClusterOptions, MemoryCluster } from "../memory-cluster.ts";

/** A cluster of three with some words in its log, all processes killed. */
function stopped(words: number, options: Partial<ClusterOptions> = {}): MemoryCluster {
  const cluster = new MemoryCluster(options);
  cluster.startAll();
  cluster.awaitLeader();
  const client = cluster.client().open();
  for (let word = 1; word <= words; word++) client.appended(`word ${word}`);
  cluster.settle();
  for (const id of cluster.nodes.keys()) cluster.kill(id);
  return cluster;
}

/** Flips one bit inside the record that holds `text`, wherever that is. */
function damage(cluster: MemoryCluster, node: number, text: string): string {
  const { disk } = cluster.node(node);
  for (const path of disk.paths()) {
    const at = Buffer.from(disk.bytes(path)).indexOf(text);
    if (at < 0) continue;
    disk.flip(path, at, 3);
    return path;
  }
  throw new Error(`${text} stands on no file of node ${node}`);
}

function expectWords(cluster: MemoryCluster, words: number): void {
  const expected = Array.from({ length: words }, (_, index) => `word ${index + 1}`);
  for (const id of cluster.nodes.keys()) assert.deepEqual(cluster.words(id), expected, `node ${id}`);
  assert.equal(new Set(cluster.replicas.map((replica) => replica.status().digest)).size, 1);
}

describe("repair of damaged entries", () => {
  it("An entry that rotted on one replica is learned from its peers, and nothing is missing anywhere.", () => {
    const cluster = stopped(9);
    const path = damage(cluster, 2, "word 5");
    cluster.startAll();
    cluster.awaitLeader();
    cluster.time.until("node 2 is whole", () => cluster.node(2).replica?.status().damage.cured === 1);
    cluster.settle();
    expectWords(cluster, 9);
    assert.equal(cluster.node(2).replica!.status().damage.faulty, 0);
    const faults = cluster.node(2).host!.status().faults;
    assert.deepEqual(
      faults.map((fault) => fault.file),
      [path],
    );
    assert.ok(faults[0]!.offset > 0);
  });

  it("What was repaired stays so: the next start finds the damage again, and needs no peer.", () => {
    const cluster = stopped(9);
    damage(cluster, 2, "word 5");
    cluster.startAll();
    cluster.awaitLeader();
    cluster.settle();
    cluster.kill(2);
    cluster.start(2);
    cluster.time.until("node 2 runs", () => cluster.node(2).replica !== null);
    cluster.time.run(1);
    assert.equal(cluster.node(2).replica!.status().damage.faulty, 0);
    assert.equal(cluster.node(2).host!.status().faults.length, 1);
  });

  it("Different entries that rotted on two of three replicas are all repaired: for each, two others can read it.", () => {
    const cluster = stopped(9);
    damage(cluster, 1, "word 3");
    damage(cluster, 2, "word 7");
    cluster.startAll();
    cluster.awaitLeader();
    cluster.settle();
    expectWords(cluster, 9);
  });

  it("While only the two replicas run that lost the same entry, its slot is not decided anew; with the third it is repaired.", () => {
    const cluster = stopped(9);
    damage(cluster, 1, "word 5");
    damage(cluster, 2, "word 5");
    cluster.start(1);
    cluster.start(2);
    cluster.time.run(3_000);
    assert.equal(cluster.leader(), 0, "neither can read the entry: nobody may decide what it was");
    cluster.start(3);
    cluster.awaitLeader();
    cluster.settle();
    expectWords(cluster, 9);
  });
});

describe("an entry that rots while its process runs", () => {
  it("A peer that needs it gets a snapshot instead, and nothing is missing.", () => {
    const cluster = new MemoryCluster({ walLimits: { cacheBytesMax: 0 } });
    cluster.startAll();
    cluster.awaitLeader();
    const client = cluster.client().open();
    client.appended("word 1");
    const lagging = cluster.leader() === 3 ? 2 : 3;
    cluster.kill(lagging);
    for (let word = 2; word <= 9; word++) client.appended(`word ${word}`);
    cluster.time.run(500);
    for (const id of cluster.nodes.keys()) if (id !== lagging) damage(cluster, id, "word 4");
    cluster.start(lagging);
    cluster.time.until("the laggard runs", () => cluster.node(lagging).replica !== null);
    cluster.settle();
    expectWords(cluster, 9);
  });
});

describe("repair of damaged snapshots", () => {
  for (const [what, position] of [
    ["head", 30],
    ["image", 400],
  ] as const) {
    it(`A snapshot whose ${what} is damaged comes from a peer, which takes a new one if it has none that covers as much.`, () => {
      const cluster = stopped(40, { limits: { checkpointEntries: 16 } });
      const { disk } = cluster.node(2);
      const path = disk.paths().find((one) => one.startsWith("snapshot/"))!;
      disk.flip(path, position, 3);
      cluster.startAll();
      cluster.awaitLeader();
      cluster.time.until("node 2 serves", () => cluster.node(2).replica !== null);
      cluster.settle();
      expectWords(cluster, 40);
      assert.deepEqual(cluster.node(2).failures, []);
      assert.ok(
        cluster
          .node(2)
          .host!.status()
          .faults.some(({ file }) => file === path),
      );
      assert.equal(cluster.node(2).replica!.status().damage.mute, false);
      cluster.kill(2);
      cluster.start(2);
      cluster.time.until("node 2 serves again", () => cluster.node(2).replica !== null);
      assert.deepEqual(cluster.node(2).host!.status().faults, []);
    });
  }

  it("Until a peer has given one, the node takes no part; without any peer it stops, and says which file it is.", () => {
    const cluster = stopped(40, { limits: { checkpointEntries: 16 } });
    const { disk } = cluster.node(2);
    disk.flip(
      disk.paths().find((one) => one.startsWith("snapshot/"))!,
      30,
      3,
    );
    cluster.start(2);
    cluster.time.run(2_000);
    assert.deepEqual(cluster.node(2).failures, []);
    assert.deepEqual(cluster.node(2).host!.status().fetching, [1]);
    assert.equal(cluster.node(2).replica, null);

    const alone = new MemoryCluster({ nodes: 1, limits: { checkpointEntries: 4 } });
    alone.startAll();
    alone.awaitLeader();
    const client = alone.client().open();
    for (let word = 1; word <= 9; word++) client.appended(`word ${word}`);
    alone.time.run(100);
    alone.kill(1);
    const path = alone
      .node(1)
      .disk.paths()
      .find((one) => one.startsWith("snapshot/"))!;
    alone.node(1).disk.flip(path, 30, 3);
    alone.start(1);
    alone.time.run(1_000);
    const [error] = alone.node(1).failures;
    assert.equal(error?.code, "LOG_CORRUPT");
    assert.equal(error?.detail["file"], path);
    assert.ok(alone.node(1).disk.paths().includes(path), "the file is left for inspection");
  });
});
