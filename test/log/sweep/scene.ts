import type { MemoryDisk } from "@quorate/log";
import { MemoryCluster, type ClusterOptions } from "../memory-cluster.ts";

/** The three disks of a cluster that was stopped, and what its client knows to be done. */
export interface Scene {
  readonly options: Partial<ClusterOptions>;
  readonly disks: ReadonlyMap<number, MemoryDisk>;
  /** Every word that was acknowledged, in order. */
  readonly acknowledged: readonly string[];
  readonly openings: number;
}

/** How a scene is made. */
export interface SceneOptions {
  /** Writes, one after the other: each is a write unit of its own. */
  readonly writes: number;
  /** Every so many writes the value has 8 KiB, filled with zeros. */
  readonly zerosEvery: number;
  /** The last value has 8 KiB, too, so that the last write unit has many sectors. */
  readonly checkpointEntries: number;
  /** How the three processes end: `kill` leaves the log without its seal. */
  readonly end: "kill" | "close";
}

export const NODES: readonly number[] = [1, 2, 3];

/** Eight KiB of zeros, told apart by their last characters alone. */
export function zeros(name: string): string {
  return "\0".repeat(8 * 1024) + name;
}

/** Few timers and short timeouts: a restart of three nodes costs little real time. */
export function clusterOptions(checkpointEntries: number): Partial<ClusterOptions> {
  return {
    limits: {
      tickMs: 25,
      checkpointEntries,
      digestMs: 100,
      batchBytesMax: 9 * 1024,
      commandBytesMax: 9 * 1024,
      batchCommandsMax: 16,
    },
    walLimits: { segmentBytes: 16 * 1024, unitBytesMax: 16 * 1024, sealMs: 200 },
    snapshotLimits: { chunkBytes: 16 * 1024, retryMs: 50 },
    protocol: { electionTimeoutMs: 150, heartbeatMs: 50 },
  };
}

/** Runs a cluster, writes, and stops it. */
export function makeScene({ writes, zerosEvery, checkpointEntries, end }: SceneOptions): Scene {
  const options = clusterOptions(checkpointEntries);
  const cluster = new MemoryCluster(options);
  cluster.startAll();
  cluster.awaitLeader();
  const client = cluster.client(600_000).open();
  for (let write = 1; write <= writes; write++) {
    const name = `word ${write}`;
    client.appended(write === writes || write % zerosEvery === 0 ? zeros(name) : name);
  }
  cluster.settle();
  if (end === "close") {
    for (const id of NODES) cluster.node(id).host!.close(() => undefined);
    cluster.time.run(1_000);
  }
  for (const id of NODES) cluster.kill(id);
  return {
    options,
    disks: new Map(NODES.map((id) => [id, cluster.node(id).disk])),
    acknowledged: client.outcomes.map((outcome) => outcome.word),
    openings: cluster.openings,
  };
}
