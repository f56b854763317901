import { QuorateError } from "../errors.ts";

/** The limits of the session table. They decide what the log does: every replica of a group has the same, for ever; images carry them. */
export interface SessionLimits {
  /** Sessions alive at once; an opening beyond is refused `OVERLOADED`. */
  readonly sessionsMax: number;
  /** A shorter lifetime is raised to this. Below a few election timeouts, any fail-over could end it in the belief of its client. */
  readonly ttlMsMin: number;
  /** A longer lifetime is lowered to this: what a dead client owned comes free that late. */
  readonly ttlMsMax: number;
  /** Unreleased settlements of one session; a command beyond is refused `OVERLOADED`. Renewals and settles go on. */
  readonly resultsMax: number;
  /** Unreleased settlements of one session, renewals and refusals included; a session beyond ends, or its memory would not. */
  readonly settlementsMax: number;
  /** Bytes of unreleased results of one session; as `resultsMax`. One result may go beyond. */
  readonly resultBytesMax: number;
  /** Bytes of unreleased results of all sessions; beyond, those that hold more than their share are refused `OVERLOADED`. */
  readonly resultBytesTotalMax: number;
}

/** The limits unless told otherwise. */
export const SESSION_LIMITS: SessionLimits = {
  sessionsMax: 100_000,
  ttlMsMin: 100,
  ttlMsMax: 86_400_000,
  resultsMax: 1_024,
  settlementsMax: 4_096,
  resultBytesMax: 4 << 20,
  resultBytesTotalMax: 256 << 20,
};

/** What a settlement costs beside its bytes, as the limits count it. */
export const SETTLEMENT_BYTES = 64;

/**
 * Fills in the defaults.
 *
 * @throws QuorateError `BAD_OPTION` for a limit that is no positive integer, or bounds that contradict each other.
 */
export function sessionLimits(changed: Partial<SessionLimits>): SessionLimits {
  const limits = { ...SESSION_LIMITS, ...changed };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw badLimit(`${name} is ${String(value)}, not an integer of 1 or more`);
  }
  if (limits.ttlMsMin > limits.ttlMsMax)
    throw badLimit(`ttlMsMin ${limits.ttlMsMin} is above ttlMsMax ${limits.ttlMsMax}`);
  if (limits.resultsMax > limits.settlementsMax) {
    throw badLimit(`resultsMax ${limits.resultsMax} is above settlementsMax ${limits.settlementsMax}`);
  }
  return limits;
}

function badLimit(what: string): QuorateError {
  return new QuorateError("BAD_OPTION", "not-applied", `Limits of sessions: ${what}.`);
}
