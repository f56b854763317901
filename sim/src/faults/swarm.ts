import type { ConfigWishes, RunConfig } from "../world/config.ts";
import { keyedBits, keyedFraction, Purpose } from "../world/keyed-random.ts";
import { LOCK_OPERATIONS } from "../clients/lock-operations.ts";
import { STORE_OPERATIONS } from "../clients/store-operations.ts";
import { FAULT_KINDS, type FaultKind } from "./schedule.ts";

/** Sizes that a theme may draw from numbers of its own. */
interface Sizes {
  /** Entries between two checkpoints. */
  readonly checkpointEntries: readonly number[];
  /** How fast snapshots of a small state are sent. */
  readonly snapshotKibPerSecond: readonly number[];
  readonly valueBytes: readonly number[];
  readonly segmentKib: readonly number[];
  readonly leaseMs: readonly number[];
  readonly readClients: readonly number[];
}

const SIZES: Sizes = {
  checkpointEntries: [20, 100, 1000, 100_000],
  snapshotKibPerSecond: [8, 64, 512],
  valueBytes: [0, 0, 1500, 3000],
  segmentKib: [16, 64, 256],
  leaseMs: [0, 100, 300, 1000],
  readClients: [0, 1, 1],
};

/** What a run dwells on: kinds of faults that do their worst together, and mean times between two of them. */
interface Theme {
  /** Of all themes; together they are one. */
  readonly share: number;
  /** All of them are drawn. */
  readonly kinds: readonly FaultKind[];
  /** Part of the other kinds that are drawn beside them. */
  readonly others: number;
  readonly gapsMs: readonly number[];
  /** Where {@link SIZES} is not what its faults need. */
  readonly sizes?: Partial<Sizes>;
}

/**
 * With dozens of kinds, a run that draws from all of them has a few of each, and hardly ever those of one sort that a bug needs in one place, one soon
 * after the other. So most runs dwell on one sort, and a few others come in between.
 */
const THEMES: readonly Theme[] = [
  // Leaders follow each other while their accepts are with a minority: the rarest bugs need three of them in one slot.
  {
    share: 0.16,
    kinds: ["leader-storm", "leader-cut-off", "leader-crash", "partial", "isolate", "flap"],
    others: 0.1,
    gapsMs: [150, 250, 400],
  },
  // The same, and words of a ballot arrive in a later one of the same leader.
  {
    share: 0.1,
    kinds: ["leader-storm", "leader-cut-off", "step-down", "slow-link", "one-way", "disk-stall"],
    others: 0.05,
    gapsMs: [150, 250, 400],
    sizes: { readClients: [1, 2] },
  },
  // Processes end, again and again, and begin with what their disks hold.
  {
    share: 0.2,
    kinds: ["kill", "power-loss", "blackout", "leader-crash", "file-crash", "disk-error"],
    others: 0.1,
    gapsMs: [250, 500, 1000],
    sizes: { checkpointEntries: [10, 20, 40, 1000], valueBytes: [0, 1500, 3000], segmentKib: [16, 16, 64] },
  },
  // Nodes fall behind what the others still have in their logs, and who leads and teaches them changes while a snapshot is on its way.
  {
    share: 0.1,
    kinds: [
      "isolate",
      "kill",
      "pause",
      "duplicate",
      "reorder",
      "transfer",
      "leader-crash",
      "leader-cut-off",
      "partial",
    ],
    others: 0.1,
    gapsMs: [150, 300, 600],
    sizes: { checkpointEntries: [10, 20, 40, 80], snapshotKibPerSecond: [2, 8, 64] },
  },
  // The set of members changes under a network that does not hold still.
  {
    share: 0.1,
    kinds: [
      "members-add",
      "members-remove",
      "members-replace",
      "members-crash",
      "leader-removed",
      "isolate",
      "leader-crash",
      "leader-storm",
    ],
    others: 0.1,
    gapsMs: [250, 500, 1000],
  },
  // What disks hold rots, or is not there.
  {
    share: 0.06,
    kinds: ["bit-rot", "misdirected-write", "lost-write", "power-loss", "kill"],
    others: 0.05,
    gapsMs: [300, 600, 1200],
    sizes: { checkpointEntries: [40, 100, 1000] },
  },
  // Disks fail, and are lost.
  {
    share: 0.07,
    kinds: ["disk-error", "wipe", "old-copy", "power-loss", "kill"],
    others: 0.05,
    gapsMs: [400, 800, 1500],
  },
  // Clocks and those who trust them.
  {
    share: 0.06,
    kinds: ["wall-jump", "pause", "sleep", "isolate", "one-way", "slow-link", "transfer", "client-stop"],
    others: 0.1,
    gapsMs: [250, 500, 1000],
  },
  // Leases, and leaders that hand over, fall silent or fall behind while they have one.
  {
    share: 0.08,
    kinds: ["transfer", "step-down", "pause", "isolate", "slow-link", "leader-cut-off"],
    others: 0.05,
    gapsMs: [150, 300, 600],
    sizes: { leaseMs: [300, 1000], readClients: [2, 3] },
  },
  // Everything.
  { share: 0.07, kinds: [], others: 0.5, gapsMs: [250, 600, 1500, 4000] },
];

function themeOf(seed: number): Theme {
  let left = keyedFraction(seed, Purpose.swarm, 90);
  for (const theme of THEMES) {
    left -= theme.share;
    if (left < 0) return theme;
  }
  return THEMES.at(-1)!;
}

function pick<T>(seed: number, what: number, choices: readonly T[]): T {
  return choices[keyedBits(seed, Purpose.swarm, what) % choices.length]!;
}

/** About half of them; one at least. */
function someOf<T>(seed: number, what: number, all: readonly T[]): readonly T[] {
  const first = keyedBits(seed, Purpose.swarm, what) % all.length;
  return all.filter((_, index) => index === first || keyedBits(seed, Purpose.swarm, what, index + 1) % 2 === 0);
}

/** Of so few kinds a theme would mostly leave none. */
const FEW_KINDS = 8;

/** The kinds that a run draws from: those of its theme and a few others; or, where few are allowed or none of these is, about half of the allowed ones. */
function kindsOf(seed: number, theme: Theme, without: readonly FaultKind[]): readonly FaultKind[] {
  const allowed = FAULT_KINDS.filter((kind) => !without.includes(kind));
  const kinds = FAULT_KINDS.filter((kind, index) => {
    if (without.includes(kind)) return false;
    return theme.kinds.includes(kind) || keyedFraction(seed, Purpose.swarm, 100 + index) < theme.others;
  });
  const isFew = allowed.length <= FEW_KINDS || kinds.length === 0;
  return isFew && allowed.length > 0 ? someOf(seed, 202, allowed) : kinds;
}

/**
 * The configuration of a seed: sizes, rates, limits and the kinds of faults are drawn anew for each, and each run leaves some kinds out, since what is
 * always on hides what shows only when it is off (A. Groce and others, "Swarm testing", 2012).
 */
export function configOf(seed: number, wishes: ConfigWishes): RunConfig {
  const theme = themeOf(seed);
  const kinds = kindsOf(seed, theme, wishes.without);
  const sizes = { ...SIZES, ...theme.sizes };
  const valueBytes = pick(seed, 15, sizes.valueBytes);
  const historyRevisionsMax = pick(seed, 29, [20, 500]);
  // The larger a state may be, the faster, or a healed cluster would wait for it for longer than anybody's patience.
  const kib = pick(seed, 30, sizes.snapshotKibPerSecond);
  return {
    nodes: wishes.nodes === 0 ? pick(seed, 1, [1, 3, 3, 3, 3, 4, 5, 5, 5, 7]) : wishes.nodes,
    spares: pick(seed, 8, [0, 1, 2, 2, 3]),
    quorum: pick(seed, 9, ["majority", "majority", "majority", "flexible", "zones"]),
    leaseMs: pick(seed, 10, sizes.leaseMs),
    kvClients: pick(seed, 2, [2, 3, 4]),
    readClients: pick(seed, 32, sizes.readClients),
    storeClients: pick(seed, 31, [0, 1, 1, 2]),
    storeOperations: someOf(seed, 200, STORE_OPERATIONS),
    lockClients: pick(seed, 3, [2, 2, 3]),
    lockOperations: someOf(seed, 201, LOCK_OPERATIONS),
    watchClients: pick(seed, 16, [1, 1, 2]),
    seconds: wishes.seconds,
    kinds,
    gapMs: pick(seed, 4, theme.gapsMs),
    checkpointEntries: pick(seed, 5, sizes.checkpointEntries),
    segmentBytes: pick(seed, 14, sizes.segmentKib) * 1024,
    keys: pick(seed, 6, [1, 3, 8]),
    valueBytes,
    thinkMs: pick(seed, 7, [20, 150, 150, 400]),
    electionTimeoutMs: pick(seed, 11, [90, 150, 300]),
    windowSlots: pick(seed, 12, [4, 16, 256]),
    messageEntriesMax: pick(seed, 13, [1, 4, 64]),
    chunkBytes: pick(seed, 22, [256, 1024, 4096]),
    snapshotBytesPerSecond: kib * 1024 * (valueBytes === 0 ? 1 : 16) * (historyRevisionsMax > 100 ? 4 : 1),
    batchCommandsMax: pick(seed, 25, [1, 4, 256]),
    turnRoundsMax: pick(seed, 26, [1, 8]),
    sealMs: pick(seed, 27, [20, 200]),
    sessionTtlMs: pick(seed, 28, [1000, 3000]),
    historyRevisionsMax,
    wire: pick(seed, 33, [false, false, false, true]),
    plant: wishes.plant,
  };
}
