/** Named limits of one engine. Every queue and loop in the engine has one. */
export interface EngineLimits {
  /**
   * Slots proposed and not yet chosen. More: longer recovery after a fail-over; fewer: throughput waits on the round trip. What is lost at the
   * end of a damaged log is taken to reach four times as far at most: do not lower it while the log holds what was written with more.
   */
  readonly windowSlots: number;
  /** Bytes proposed and not yet chosen; `propose` answers `overloaded` above it. One batch is always taken. */
  readonly windowBytesMax: number;
  /** Entries in one `accept`, `promise` or `learn`. */
  readonly messageEntriesMax: number;
  /** Payload bytes in one `accept`, `promise` or `learn`; one entry is always sent. */
  readonly messageBytesMax: number;
  /** Reads waiting for their bound; further ones are refused. */
  readonly readsMax: number;
}

/** How far above what it knows chosen a node votes: accepts wait in order that came before those below them. */
export function openSlotsMax(limits: Pick<EngineLimits, "windowSlots">): number {
  return limits.windowSlots * 4;
}

/** How one engine is set up. The same config and the same inputs give the same outputs, byte for byte. */
export interface EngineConfig {
  /** This node's id, 1 … 1023. */
  readonly self: number;
  readonly incarnation: number;
  /** New at each start of the process; tells answers to this life from those to an earlier one (rule 18). */
  readonly life: number;
  /** For the spread of election timeouts and back-off. */
  readonly seed: number;
  /** A quorum unheard for this long is lost; a leader unheard for this long is gone. Default 300. */
  readonly electionTimeoutMs: number;
  /** Default 50; at most a third of the election timeout. */
  readonly heartbeatMs: number;
  /** A record asked for and not persisted for this long: the disk is stalled, a leader resigns, and nobody is elected by this node's promise. Default 1,000. */
  readonly diskStallMs: number;
  /** ρ of rules 19 and 25: bound on the drift of any clock, as a fraction. Default 0.02. */
  readonly drift: number;
  /** 0 … 7: a node of higher priority waits less before it canvasses. Default 0. */
  readonly priority: number;
  readonly limits: EngineLimits;
}

/** The defaults; `windowSlots` was chosen by measurement (docs/protocol-paxos.md). */
export const ENGINE_DEFAULTS: Omit<EngineConfig, "self" | "incarnation" | "life" | "seed"> = {
  electionTimeoutMs: 300,
  heartbeatMs: 50,
  diskStallMs: 1_000,
  drift: 0.02,
  priority: 0,
  limits: {
    windowSlots: 256,
    windowBytesMax: 16 * 1024 * 1024,
    messageEntriesMax: 64,
    messageBytesMax: 1024 * 1024,
    readsMax: 65_536,
  },
};
