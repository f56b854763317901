import type { ConfigWishes, RunConfig } from "../world/config.ts";
import { keyedBits, keyedFraction, Purpose } from "../world/keyed-random.ts";
import { FAULT_KINDS, type FaultKind } from "./schedule.ts";

/** What makes leaders follow each other while their accepts are with a minority: the rarest bugs need three of them in one slot. */
const CONTENTION: readonly FaultKind[] = ["leader-cut-off", "leader-crash", "partial", "isolate"];
/** Mean times between two faults under which leaders contend. */
const CONTENTION_GAPS_MS = [250, 400, 600];

function pick<T>(seed: number, what: number, choices: readonly T[]): T {
  return choices[keyedBits(seed, Purpose.swarm, what) % choices.length]!;
}

/**
 * The configuration of a seed: sizes, rates, limits and the kinds of faults are drawn anew for each, and each run leaves some kinds out, since what is
 * always on hides what shows only when it is off (A. Groce and others, "Swarm testing", 2012).
 */
export function configOf(seed: number, wishes: ConfigWishes): RunConfig {
  const isContended = keyedFraction(seed, Purpose.swarm, 90) < 0.4;
  const wanted = FAULT_KINDS.filter((kind) => !wishes.without.includes(kind));
  const kinds = wanted.filter((kind) =>
    isContended && CONTENTION.includes(kind)
      ? true
      : keyedFraction(seed, Purpose.swarm, 100 + FAULT_KINDS.indexOf(kind)) < (isContended ? 0.3 : 0.5),
  );
  return {
    nodes: wishes.nodes === 0 ? pick(seed, 1, [1, 3, 3, 3, 3, 4, 5, 5, 5, 7]) : wishes.nodes,
    spares: pick(seed, 8, [0, 1, 2, 2, 3]),
    quorum: pick(seed, 9, ["majority", "majority", "majority", "flexible", "zones"]),
    leaseMs: pick(seed, 10, [0, 0, 300, 1000]),
    kvClients: pick(seed, 2, [2, 3, 4]),
    lockClients: pick(seed, 3, [2, 2, 3]),
    watchClients: pick(seed, 16, [1, 1, 2]),
    seconds: wishes.seconds,
    kinds,
    gapMs: isContended ? pick(seed, 4, CONTENTION_GAPS_MS) : pick(seed, 4, [250, 600, 1500, 4000]),
    checkpointEntries: pick(seed, 5, [20, 100, 1000, 100_000]),
    segmentBytes: pick(seed, 14, [64 * 1024, 256 * 1024]),
    keys: pick(seed, 6, [1, 3, 8]),
    valueBytes: pick(seed, 15, [0, 0, 1500]),
    thinkMs: pick(seed, 7, [20, 150, 150, 400]),
    electionTimeoutMs: pick(seed, 11, [90, 150, 300]),
    windowSlots: pick(seed, 12, [4, 16, 256]),
    messageEntriesMax: pick(seed, 13, [1, 4, 64]),
    chunkBytes: pick(seed, 22, [256, 1024, 4096]),
    batchCommandsMax: pick(seed, 25, [1, 4, 256]),
    turnRoundsMax: pick(seed, 26, [1, 8]),
    sealMs: pick(seed, 27, [20, 200]),
    sessionTtlMs: pick(seed, 28, [1000, 3000]),
    historyRevisionsMax: pick(seed, 29, [20, 500]),
    plant: wishes.plant,
  };
}
