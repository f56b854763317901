import fc from "fast-check";

/** Every kind of fault, the least harmful first: a failure is shrunk toward the front. */
export const FAULT_KINDS = [
  "delay",
  "slow-link",
  "duplicate",
  "reorder",
  "loss",
  "flap",
  "corrupt-frames",
  "disk-stall",
  "disk-full",
  "disk-error",
  "wall-jump",
  "clock-drift",
  "pause",
  "sleep",
  "client-stop",
  "client-death",
  "client-cut",
  "transfer",
  "step-down",
  "one-way",
  "partial",
  "isolate",
  "split",
  "kill",
  "power-loss",
  "file-crash",
  "leader-cut-off",
  "leader-crash",
  "leader-storm",
  "blackout",
  "members-add",
  "members-remove",
  "members-replace",
  "members-many",
  "leader-removed",
  "members-crash",
  "bit-rot",
  "misdirected-write",
  "lost-write",
  "old-copy",
  "wipe",
] as const;

/** One of {@link FAULT_KINDS}. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * One fault, as data. Every field is there for every kind, and whom it hits is a number modulo what there is, so that a schedule
 * stays meaningful whatever is taken out of it.
 */
export interface Fault {
  readonly kind: FaultKind;
  /** True time since the fault before it began. */
  readonly gapMs: number;
  /** How long it lasts. */
  readonly forMs: number;
  /** Whom it hits: index of a node, or of a client. One fault in four that hits a node hits whoever leads: {@link hitsLeader}. */
  readonly node: number;
  /** The other side of a link: index of another node. */
  readonly peer: number;
  /** What else there is to choose: which side of a split, which sectors are lost, how much. */
  readonly choice: number;
}

const NODE_MAX = 1023;

/** Whether a fault that hits a node hits the one that leads, if somebody does: leaders are few, and what goes wrong around them matters most. */
export function hitsLeader({ node }: Pick<Fault, "node">): boolean {
  return node >= (3 * (NODE_MAX + 1)) / 4;
}

/** Schedules of faults for a load of `seconds`, drawing from `kinds`. */
export function arbitrarySchedule(
  kinds: readonly FaultKind[],
  seconds: number,
  gapMs: number,
): fc.Arbitrary<readonly Fault[]> {
  if (kinds.length === 0) return fc.constant([]);
  const fault = fc.record({
    kind: fc.constantFrom(...kinds),
    gapMs: fc.nat({ max: 2 * gapMs }),
    // Most faults are short, some outlast elections and sessions; about two last at a time.
    forMs: fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 2 * gapMs }), fc.nat({ max: Math.min(8 * gapMs, 12_000) })),
    node: fc.nat({ max: NODE_MAX }),
    peer: fc.nat({ max: NODE_MAX }),
    choice: fc.nat({ max: 0x7fff_ffff }),
  });
  const length = Math.min(400, Math.ceil((seconds * 1000) / gapMs));
  return fc.array(fault, { minLength: length, maxLength: length });
}

/** The schedule of a seed. Not drawn toward small numbers, as fast-check would: a fault of no length is none. */
export function scheduleOf(
  seed: number,
  kinds: readonly FaultKind[],
  seconds: number,
  gapMs: number,
): readonly Fault[] {
  return fc.sample(arbitrarySchedule(kinds, seconds, gapMs), { seed: seed | 0, numRuns: 1, unbiased: true })[0]!;
}
