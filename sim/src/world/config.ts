import type { LockOperation } from "../clients/lock-operations.ts";
import type { StoreOperation } from "../clients/store-operations.ts";
import type { FaultKind } from "../faults/schedule.ts";

/** Mistakes that are planted on purpose, to show that the simulator finds them. */
export const PLANTS = ["none", "sync-does-nothing", "reads-are-stale"] as const;

/** One of {@link PLANTS}. */
export type Plant = (typeof PLANTS)[number];

/** Which voters may promise and accept. */
export const QUORUMS = ["majority", "flexible", "zones"] as const;

/** What a run is made of, beside its seed and its schedule: plain data, so that it goes into a file. */
export interface RunConfig {
  /** Voters that the cluster begins with. 1 … 9. */
  readonly nodes: number;
  /** Further machines, in no cluster at first: they can be added. */
  readonly spares: number;
  /** Which voters may promise and accept. */
  readonly quorum: (typeof QUORUMS)[number];
  /** Longest lease that a leader is granted; 0: none. */
  readonly leaseMs: number;
  readonly kvClients: number;
  /** Clients that only read. */
  readonly readClients: number;
  readonly lockClients: number;
  /** How these use locks. */
  readonly lockOperations: readonly LockOperation[];
  /** Clients that ask the store for more than single keys. */
  readonly storeClients: number;
  /** What these ask for. Some only: what is asked for all the time hides what shows without it. */
  readonly storeOperations: readonly StoreOperation[];
  /** Clients that watch all keys. */
  readonly watchClients: number;
  /** Simulated seconds of load and faults; healing comes after. */
  readonly seconds: number;
  /** Fault kinds that the schedule may draw. */
  readonly kinds: readonly FaultKind[];
  /** Mean time between two faults. */
  readonly gapMs: number;
  /** Entries between two checkpoints, about: each machine has a number of its own. Small: many snapshots. */
  readonly checkpointEntries: number;
  /** Of one file of the log. Small: logs are cut often, and who lags behind is sent a snapshot. */
  readonly segmentBytes: number;
  /** Keys in use. Few: much contention. */
  readonly keys: number;
  /** Of most values. Large: a write to the disk is of many sectors, and may be torn. */
  readonly valueBytes: number;
  /** Mean time between two calls of one client. */
  readonly thinkMs: number;
  /** An election timeout; heartbeats come six times as often. Short: many leaders. */
  readonly electionTimeoutMs: number;
  /** Slots that a leader has in flight at most. */
  readonly windowSlots: number;
  /** Entries in one message. Few: promises of many pages. */
  readonly messageEntriesMax: number;
  /** Of one chunk of a snapshot. */
  readonly chunkBytes: number;
  /** Of all snapshots that a node sends. Few: the log may overtake a snapshot on its way. */
  readonly snapshotBytesPerSecond: number;
  readonly batchCommandsMax: number;
  /** Rounds of one turn. One: what is chosen is applied in the next. */
  readonly turnRoundsMax: number;
  /** An idle log appends a seal after this. */
  readonly sealMs: number;
  /** Of lock clients; short, so that sessions expire within a run. */
  readonly sessionTtlMs: number;
  /** Revisions that the store remembers; few: its history is compacted within a run. */
  readonly historyRevisionsMax: number;
  /** What passes between nodes is encoded and decoded, as over sockets. */
  readonly wire: boolean;
  readonly plant: Plant;
}

/** What the caller of a campaign fixes; the rest is drawn from each seed. */
export interface ConfigWishes {
  readonly seconds: number;
  /** 0: drawn. */
  readonly nodes: number;
  readonly without: readonly FaultKind[];
  readonly plant: Plant;
}
