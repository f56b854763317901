/** How a claim wants a lock. `permits`: some of the permits of a counting semaphore. */
export type LockMode = "exclusive" | "shared" | "permits";

/** One lock of a claim. */
export interface Want {
  readonly lock: string;
  readonly mode: LockMode;
  /** How many of `permitsMax`; 0 for the other modes. */
  readonly permits: number;
  /** How many the semaphore has. All claims that are there at one time agree on it. 0 for the other modes. */
  readonly permitsMax: number;
}

/**
 * `queued`: waits. `held`: granted. `revoked`: granted, and by force to be given up until `endsAtMs`.
 * `lost`: its owner is gone uncleanly, and what it held stays closed until `endsAtMs`, the lock delay.
 */
export type ClaimState = "queued" | "held" | "revoked" | "lost";

/**
 * What a session wants, and then has: one lock, or several that are granted all at once or not at all.
 * Never changed: a change makes a new one, so that an image needs only the list of them.
 */
export interface Claim {
  /** The revision of the step that queued it: the order of all claims, and its name inside the machine. */
  readonly sequence: number;
  readonly session: number;
  /** The number by which its session knows it. */
  readonly id: number;
  /** Sorted by lock, each lock once. */
  readonly wants: readonly Want[];
  readonly state: ClaimState;
  /** Fencing token: the revision of the grant; 0 while it waits. */
  readonly token: number;
  readonly delayMs: number;
  /** For how long its client may believe in one confirmation. */
  readonly beliefMs: number;
  /** What its holder tells the world. */
  readonly value: Uint8Array;
  /** Revision of the step that set `value`. */
  readonly valueRevision: number;
  /** Log time. */
  readonly queuedAtMs: number;
  /** Log time; 0 while it waits. */
  readonly grantedAtMs: number;
  /** Log time at which `revoked` or `lost` is over; 0 in the other states. */
  readonly endsAtMs: number;
}

/** Whether the owner of a claim has what it wanted. */
export function isHeld(claim: Claim): boolean {
  return claim.state === "held" || claim.state === "revoked";
}
