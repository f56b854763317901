/** The bounds of the lock service. A command beyond one of them does not decode, or is refused with the reason told. */

/** Characters in the name of a lock, as `length` counts them; at least 1. */
export const LOCK_NAME_LENGTH_MAX = 256;
/** Locks in one claim. */
export const WANTS_MAX = 16;
/** Locks that are held, waited for or delayed at one time. */
export const LOCKS_MAX = 100_000;
/** Claims that wait for one lock. */
export const WAITERS_MAX = 10_000;
/** Claims that one session has, waiting or held. */
export const CLAIMS_PER_SESSION_MAX = 10_000;
/** Permits of one semaphore. */
export const PERMITS_MAX = 1_000_000;
/** Milliseconds of log time for which a lock stays closed after an unclean loss. */
export const DELAY_MS_MAX = 60_000;
/** Milliseconds for which one confirmation may be believed. */
export const BELIEF_MS_MAX = 3_600_000;
/** Bytes in the value of a holder, which an election shows to its observers. */
export const VALUE_BYTES_MAX = 4096;
/** Claims in one confirmation. */
export const CONFIRM_MAX = 1000;
/** Characters in the reason of a forced release. */
export const REASON_LENGTH_MAX = 256;
/** Forced releases that are remembered. The oldest goes first. */
export const AUDIT_MAX = 256;
/** Locks in one page of a list. */
export const LIST_MAX = 100;
/** Holders, and waiters, that a description of a lock names; their counts are always told. */
export const DESCRIBED_MAX = 16;
/** Holders from which one forced release takes a lock; the next one takes it from the rest. */
export const FORCED_MAX = 100;
