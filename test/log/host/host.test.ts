import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryCluster } from "../memory-cluster.ts";

const NODES = [1, 2, 3];

function codes(cluster: MemoryCluster, id: number): readonly string[] {
  return [...new Set(cluster.node(id).failures.map((error) => error.code))];
}

describe("a host", () => {
  it("Votes for nothing before every initial node was there.", () => {
    const cluster = new MemoryCluster();
    cluster.start(1);
    cluster.start(2);
    cluster.time.run(5_000);
    assert.equal(cluster.leader(), 0);
    assert.equal(cluster.replicas.length, 0);
    const status = cluster.node(1).host!.status();
    assert.equal(status.state, "forming");
    assert.deepEqual(status.missing, [3]);
    cluster.start(3);
    cluster.awaitLeader();
    assert.equal(cluster.node(1).host!.status().state, "formed");
  });

  it("The first set of members names the incarnation of every node.", () => {
    const cluster = new MemoryCluster();
    cluster.startAll();
    cluster.awaitLeader();
    const incarnations = NODES.map((id) => cluster.node(id).host!.status().incarnation);
    assert.equal(new Set(incarnations).size, 3);
    for (const replica of cluster.replicas) {
      const { members, slot } = replica.status().governing;
      assert.equal(slot, 0);
      assert.deepEqual(
        members.voters.map((voter) => voter.incarnation),
        incarnations,
      );
    }
  });

  it("Forms although every node dies at some step of forming, and the others went on meanwhile.", () => {
    for (let step = 0; step < 40; step++) {
      const cluster = new MemoryCluster({ seed: step + 1 });
      cluster.startAll();
      const victim = NODES[step % 3]!;
      cluster.time.run(step * 0.35);
      cluster.powerLoss([victim], () => 0);
      cluster.time.run(step % 2 === 0 ? 0 : 300);
      cluster.start(victim);
      cluster.awaitLeader();
      cluster.time.until("all have formed", () => cluster.replicas.length === 3);
      assert.equal(cluster.client().open().appended("a"), 1, `step ${step}`);
      for (const id of NODES) assert.deepEqual(codes(cluster, id), [], `step ${step}, node ${id}`);
    }
  });

  it("An empty folder in a formed cluster does not vote: its host ends, and names the way out.", () => {
    const cluster = new MemoryCluster();
    cluster.startAll();
    cluster.awaitLeader();
    cluster.kill(3);
    cluster.node(3).disk = cluster.newDisk();
    cluster.start(3);
    cluster.time.run(1_000);
    assert.deepEqual(codes(cluster, 3), ["WIPED"]);
    assert.match(cluster.node(3).failures[0]!.message, /join/);
    assert.equal(cluster.node(3).host!.status().state, "failed");
    assert.equal(cluster.client().open().appended("a"), 1);
  });

  it("An empty folder that joins becomes a non-voter of a new incarnation, and learns everything.", () => {
    const cluster = new MemoryCluster();
    cluster.startAll();
    cluster.awaitLeader();
    const client = cluster.client().open();
    client.appended("a");
    cluster.add(4);
    cluster.start(4, true);
    cluster.time.until("the joiner runs", () => cluster.node(4).replica !== null);
    const { incarnation } = cluster.node(4).host!.status();
    const leader = cluster.node(cluster.leader()).replica!;
    const { members } = leader.status().governing;
    const told: (string | null)[] = [];
    leader.changeMembers({ ...members, nonVoters: [{ node: 4, incarnation, zone: 0 }] }, (error) => {
      told.push(error?.message ?? null);
    });
    cluster.time.until("the change is taken", () => told.length > 0);
    assert.deepEqual(told, [null]);
    cluster.time.until("it knows itself", () => cluster.node(4).replica!.status().role === "non-voter");
    assert.deepEqual(cluster.words(4), ["a"]);
    client.appended("b");
    cluster.settle();
    assert.deepEqual(cluster.words(4), ["a", "b"]);
  });

  it("A second process on the folder is refused.", () => {
    const cluster = new MemoryCluster({ nodes: 1 });
    cluster.start(1);
    cluster.awaitLeader();
    cluster.start(1);
    cluster.time.run(100);
    assert.deepEqual(codes(cluster, 1), ["FOLDER_IN_USE"]);
  });

  it("A host that is closed tells everybody who waits, and gives the folder back.", () => {
    const cluster = new MemoryCluster({ nodes: 1 });
    cluster.start(1);
    cluster.awaitLeader();
    const client = cluster.client().open();
    client.appended("a");
    const { host } = cluster.node(1);
    const late = client.append("b");
    const reads = cluster.ask(1, "linearizable");
    const told: boolean[] = [];
    host!.close((error) => told.push(error === null));
    cluster.time.until("it is closed", () => told.length > 0);
    assert.deepEqual(told, [true]);
    assert.equal(reads.length, 1);
    assert.equal(late.error?.code, "CLOSED");
    assert.equal(host!.status().state, "closed");
    cluster.start(1);
    cluster.awaitLeader();
    assert.equal(cluster.words(1)[0], "a");
    assert.deepEqual(codes(cluster, 1), []);
  });

  it("When its disk fails a host stops serving, and the others go on.", () => {
    const cluster = new MemoryCluster();
    cluster.startAll();
    cluster.awaitLeader();
    const client = cluster.client().open();
    client.appended("a");
    const first = cluster.leader();
    cluster.node(first).disk.fault = ({ kind }) => (kind === "sync" ? { kind: "error", position: 0 } : null);
    assert.equal(client.appended("b"), 2);
    assert.deepEqual(codes(cluster, first), ["LOG_FAILED"]);
    assert.notEqual(cluster.leader(), first);
  });

  it("A damaged log that no peer can repair is refused at the start, with file and offset.", () => {
    const cluster = new MemoryCluster({ nodes: 1 });
    cluster.start(1);
    cluster.awaitLeader();
    const client = cluster.client().open();
    for (let index = 0; index < 20; index++) client.appended(`w${index}`);
    cluster.time.run(1_000);
    cluster.kill(1);
    const { disk } = cluster.node(1);
    const segment = disk.paths().find((path) => path.startsWith("wal/"))!;
    disk.flip(segment, 1_600, 1);
    cluster.start(1);
    cluster.time.run(1_000);
    assert.deepEqual(codes(cluster, 1), ["LOG_CORRUPT"]);
    const [error] = cluster.node(1).failures;
    assert.equal(error!.detail["file"], segment);
    assert.ok((error!.detail["offset"] as number) > 0);
  });

  it("An engine that finds what must hold broken stops its node, which says why and tells everybody who waits; the others go on.", () => {
    const cluster = new MemoryCluster();
    // The clock of node 1 will go back, which no monotonic clock does.
    let backMs = 0;
    const { time } = cluster;
    const clockOf = time.clock.bind(time);
    time.clock = (alive) => {
      const clock = clockOf(alive);
      return { ...clock, nowMs: () => clock.nowMs() - backMs, wallMs: () => clock.wallMs() - backMs };
    };
    cluster.start(1);
    time.clock = clockOf;
    cluster.start(2);
    cluster.start(3);
    cluster.awaitLeader();
    const replica = cluster.node(1).replica!;
    const told: (string | null)[] = [];
    backMs = 50;
    replica.read("linearizable", 0, "log", new Uint8Array(0), (error) => told.push(error?.code ?? null));
    time.run(1_000);
    assert.deepEqual(codes(cluster, 1), ["ASSERTION"]);
    const [error] = cluster.node(1).failures;
    assert.match(error!.message, /the clock of tick never goes back/);
    assert.equal(cluster.node(1).host!.status().state, "failed");
    assert.deepEqual(told, ["ASSERTION"]);
    cluster.awaitLeader();
    assert.equal(cluster.client().open().appended("a"), 1);
    assert.deepEqual([codes(cluster, 2), codes(cluster, 3)], [[], []]);
  });

  it("The same cluster run twice does the same, to the last counter.", () => {
    const run = (): string => {
      const cluster = new MemoryCluster({ seed: 9 });
      cluster.startAll();
      const client = cluster.client().open();
      for (let index = 0; index < 30; index++) client.appended(`w${index}`);
      cluster.time.run(500);
      return JSON.stringify([cluster.network.delivered, cluster.replicas.map((replica) => replica.status())]);
    };
    assert.equal(run(), run());
  });
});
