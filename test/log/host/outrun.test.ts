import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compose, encodeCbor, fromReducer } from "@quorate/machine";
import { ENGINE_DEFAULTS } from "@quorate/paxos";
import { type LogLimits, SNAPSHOT_DEFAULTS } from "@quorate/log";
import { type ClusterOptions, MemoryCluster, wordsDefinition } from "../memory-cluster.ts";

const CHECKPOINT_ENTRIES = 50;
const WORDS_MAX = 200;
const RESULTS_KEPT = 50;
const BETWEEN_WRITES_MS = 5;

/** Remembers the last words only: snapshots stay as large as they are. */
const lastWords = fromReducer({
  ...wordsDefinition,
  apply: (state, command, at) => {
    const [words, count] = wordsDefinition.apply(state, command, at);
    return [words.slice(-WORDS_MAX), count];
  },
});

/** A node that was away, in a cluster that takes several checkpoints in the time in which one snapshot is sent. */
class Outrun {
  readonly cluster: MemoryCluster;
  readonly away: number;
  readonly leader: number;

  constructor(limits: Partial<LogLimits>, options: Partial<ClusterOptions> = {}) {
    this.cluster = new MemoryCluster({
      machine: () => compose([lastWords]),
      limits: {
        checkpointEntries: CHECKPOINT_ENTRIES,
        batchBytesMax: 4096,
        commandBytesMax: 4096,
        batchCommandsMax: 16,
        ...limits,
      },
      walLimits: { segmentBytes: 16 * 1024, unitBytesMax: 16 * 1024, cacheBytesMax: 0 },
      // What a peer lacks by less is given from memory.
      protocol: { limits: { ...ENGINE_DEFAULTS.limits, windowSlots: 32 } },
      snapshotLimits: { ...SNAPSHOT_DEFAULTS, chunkBytes: 512, sendBytesPerSecond: 8 * 1024 },
      ...options,
    });
    const { cluster } = this;
    cluster.startAll();
    this.leader = cluster.awaitLeader();
    this.away = [1, 2, 3].find((id) => id !== this.leader)!;
    const { session } = cluster.client().open();
    cluster.kill(this.away);
    let number = 0;
    const write = (): void => {
      number++;
      const command = encodeCbor(["append", `word ${number}`]);
      const released = Math.max(0, number - RESULTS_KEPT);
      cluster.node(this.leader).replica!.submit({ session, number }, released, "words", command, () => undefined);
      cluster.time.after(BETWEEN_WRITES_MS, write);
    };
    write();
    cluster.time.run(2 * WORDS_MAX * BETWEEN_WRITES_MS);
    cluster.start(this.away);
    this.until("it runs again", () => cluster.node(this.away).replica !== null);
  }

  counter(id: number, name: string): number {
    return this.cluster.node(id).replica!.status().counters[name] ?? 0;
  }

  appliedTo(id: number): number {
    return this.cluster.node(id).replica!.state().appliedTo;
  }

  /** Looks every 20 ms: after each event would be often. */
  until(what: string, holds: () => boolean): void {
    for (let looks = 0; !holds(); looks++) {
      assert.ok(looks < 1_000, `${what}: not within 20 s`);
      this.cluster.time.run(20);
    }
  }

  /** How many slots the node that was away is behind. */
  get behind(): number {
    return this.appliedTo(this.leader) - this.appliedTo(this.away);
  }
}

describe("a node that the log outruns while it takes a snapshot", () => {
  it("It is given one snapshot and then the entries above it, though several checkpoints were taken meanwhile; then the log is cut.", () => {
    const outrun = new Outrun({});
    const { cluster, away, leader } = outrun;
    const before = outrun.counter(leader, "checkpoints");
    outrun.until("a snapshot is installed", () => outrun.counter(away, "snapshots-installed") === 1);
    assert.ok(outrun.counter(leader, "checkpoints") - before >= 2, "checkpoints while one snapshot was sent");
    assert.ok(outrun.behind > CHECKPOINT_ENTRIES, `${outrun.behind} slots behind the newest checkpoint and more`);
    outrun.until("it has caught up", () => outrun.behind < CHECKPOINT_ENTRIES / 5);
    assert.equal(outrun.counter(away, "snapshots-installed"), 1);
    assert.equal(outrun.counter(leader, "holds-given-up"), 0);

    const { checkpointTo } = cluster.node(leader).replica!.state();
    outrun.until("the log is cut as ever", () => cluster.node(leader).replica!.state().slotFirst > checkpointTo);
  });

  it("A newer snapshot that is offered while it restores one is not begun, or the log that follows on this one would be let go.", () => {
    const outrun = new Outrun({}, { snapshotReadMs: 60 });
    const { away, leader } = outrun;
    outrun.until("it has caught up", () => outrun.behind < CHECKPOINT_ENTRIES / 5);
    assert.equal(outrun.counter(away, "snapshots-installed"), 1);
    assert.equal(outrun.counter(leader, "holds-given-up"), 0);
  });

  it("If no more may be held than a checkpoint leaves, it goes from snapshot to snapshot, and that is counted.", () => {
    const outrun = new Outrun({ heldEntriesMax: 0 });
    const { away, leader } = outrun;
    outrun.until("three snapshots are installed", () => outrun.counter(away, "snapshots-installed") === 3);
    assert.ok(outrun.behind > CHECKPOINT_ENTRIES, `${outrun.behind} slots behind`);
    assert.ok(outrun.counter(leader, "holds-given-up") >= 2);
  });
});
