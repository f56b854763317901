import { FAULT_KINDS, type FaultKind } from "../faults/schedule.ts";
import { keyedBits, keyedFraction, Purpose } from "./keyed-random.ts";

/** A mistake that is planted on purpose, to show that the simulator finds it. */
export type Plant = "none" | "sync-does-nothing" | "reads-are-stale";

/** What a run is made of, beside its seed and its schedule: plain data, so that it goes into a file. */
export interface RunConfig {
  /** Voters that the cluster begins with. 1 … 9. */
  readonly nodes: number;
  /** Further machines, in no cluster at first: they can be added. */
  readonly spares: number;
  /** Which voters may promise and accept. */
  readonly quorum: "majority" | "flexible" | "zones";
  /** Longest lease that a leader is granted; 0: none. */
  readonly leaseMs: number;
  readonly kvClients: number;
  readonly lockClients: number;
  /** Clients that watch all keys. */
  readonly watchClients: number;
  /** Simulated seconds of load and faults; healing comes after. */
  readonly seconds: number;
  /** Fault kinds that the schedule may draw. */
  readonly kinds: readonly FaultKind[];
  /** Mean time between two faults. */
  readonly gapMs: number;
  /** Entries between two checkpoints. Small: many snapshots. */
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

/** Clients that run at a time, in a run of the project's own machines. */
export function clientsOf({ kvClients, lockClients, watchClients }: RunConfig): number {
  return kvClients + lockClients + watchClients;
}

function pick<T>(seed: number, what: number, choices: readonly T[]): T {
  return choices[keyedBits(seed, Purpose.swarm, what) % choices.length]!;
}

/**
 * The configuration of a seed: sizes, rates and the kinds of faults are drawn anew for each, and each run leaves some kinds out, since what is
 * always on hides what shows only when it is off (A. Groce and others, "Swarm testing", 2012).
 */
export function configOf(seed: number, wishes: ConfigWishes): RunConfig {
  const wanted = FAULT_KINDS.filter((kind) => !wishes.without.includes(kind));
  const kinds = wanted.filter((_, index) => keyedFraction(seed, Purpose.swarm, 100 + index) < 0.5);
  return {
    nodes: wishes.nodes === 0 ? pick(seed, 1, [1, 3, 3, 3, 3, 4, 5, 5, 5, 7]) : wishes.nodes,
    spares: pick(seed, 8, [0, 1, 2, 2, 3]),
    quorum: pick(seed, 9, ["majority", "majority", "majority", "flexible", "zones"]),
    leaseMs: pick(seed, 10, [0, 0, 300, 1000]),
    kvClients: pick(seed, 2, [2, 3, 4]),
    lockClients: pick(seed, 3, [2, 2, 3]),
    watchClients: pick(seed, 11, [1, 1, 2]),
    seconds: wishes.seconds,
    kinds,
    gapMs: pick(seed, 4, [250, 600, 1500, 4000]),
    checkpointEntries: pick(seed, 5, [20, 100, 1000, 100_000]),
    segmentBytes: pick(seed, 14, [64 * 1024, 256 * 1024]),
    keys: pick(seed, 6, [1, 3, 8]),
    valueBytes: pick(seed, 15, [0, 0, 1500]),
    thinkMs: pick(seed, 7, [20, 150, 150, 400]),
    electionTimeoutMs: pick(seed, 11, [90, 150, 300]),
    windowSlots: pick(seed, 12, [4, 16, 256]),
    messageEntriesMax: pick(seed, 13, [1, 4, 64]),
    plant: wishes.plant,
  };
}
