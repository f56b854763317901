import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compose, encodeCbor, fromReducer } from "@quorate/machine";
import type { Replica } from "@quorate/log";
import { MemoryCluster, wordsDefinition } from "../memory-cluster.ts";

const SEGMENT_BYTES = 16 * 1024;
const LOST = ["lost 1", "lost 2", "lost 3", "lost 4"];
/** So much that the others cut their logs below it. */
const KEPT = Array.from({ length: 60 }, (_, index) => `kept ${index} ${"x".repeat(1_000)}`);

/** Three nodes whose machines also write down every word that they are given. */
class Scene {
  /** By node. */
  readonly given = new Map<number, string[]>();
  readonly cluster: MemoryCluster = new MemoryCluster({
    limits: { checkpointEntries: 10, batchBytesMax: 4096, commandBytesMax: 4096, batchCommandsMax: 2 },
    walLimits: { segmentBytes: SEGMENT_BYTES, unitBytesMax: SEGMENT_BYTES },
    machine: (node) => {
      const given: string[] = [];
      this.given.set(node, given);
      const machine = fromReducer({
        ...wordsDefinition,
        apply: (state, command, at) => {
          given.push(command[1]);
          return wordsDefinition.apply(state, command, at);
        },
      });
      return compose([machine]);
    },
  });

  replica(id: number): Replica {
    return this.cluster.node(id).replica!;
  }

  snapshotsInstalled(id: number): number {
    return this.replica(id).status().counters["snapshots-installed"] ?? 0;
  }

  /** Each in a batch of its own, to that node and nobody else. */
  propose(id: number, session: number, words: readonly string[]): void {
    for (const [index, word] of words.entries()) {
      const command = encodeCbor(["append", word]);
      this.replica(id).submit({ session, number: index + 1 }, 0, "words", command, () => undefined);
      this.cluster.time.run(5);
    }
  }

  /** A new node with an empty disk, which lacks everything. */
  join(id: number): void {
    const { cluster } = this;
    cluster.add(id);
    cluster.start(id, true);
    cluster.time.until("the joiner runs", () => cluster.node(id).replica !== null);
    const { incarnation } = cluster.node(id).host!.status();
    const leader = this.replica(cluster.leader());
    const { members } = leader.state().governing;
    leader.changeMembers({ ...members, nonVoters: [{ node: id, incarnation, zone: 0 }] }, (error) => {
      assert.equal(error, null);
    });
  }
}

describe("a node with votes that lost, below a snapshot that it installed", () => {
  it("It comes to lead, and teaches a new node none of them: what the snapshot covers is told by the snapshot.", () => {
    const scene = new Scene();
    const { cluster } = scene;
    cluster.startAll();
    const cutOff = cluster.awaitLeader();
    const client = cluster.client().open();
    const doomed = cluster.client().open();
    cluster.settle();

    // It votes for four entries that reach nobody.
    const slotTo = scene.replica(cutOff).state().appliedTo;
    cluster.isolate(cutOff);
    scene.propose(cutOff, doomed.session, LOST);

    // In their slots the others choose what they are given, and cut their logs above them.
    const other = cluster.awaitLeader(cutOff);
    for (const word of KEPT) client.appended(word);
    cluster.time.until("the log is cut", () => scene.replica(other).state().slotFirst > slotTo + LOST.length + 1);

    // It installs their snapshot over its votes, which still stand in its log.
    cluster.network.healAll();
    cluster.time.until("a snapshot is installed", () => scene.snapshotsInstalled(cutOff) === 1);
    cluster.settle();
    assert.ok(scene.replica(cutOff).state().slotFirst <= slotTo + 1);

    scene.replica(other).transferTo(cutOff, (error) => assert.equal(error, null));
    cluster.time.until("it leads", () => cluster.leader() === cutOff);
    scene.join(4);
    cluster.settle();
    assert.equal(scene.snapshotsInstalled(4), 1);
    assert.deepEqual(
      scene.given.get(4)!.filter((word) => LOST.includes(word)),
      [],
    );
    for (const id of cluster.nodes.keys()) assert.deepEqual(cluster.words(id), KEPT, `node ${id}`);
  });
});
