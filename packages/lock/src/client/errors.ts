import { type Code, QuorateError } from "@quorate/machine";

import type { LockRefusal } from "../machine/command.ts";
import { CLAIMS_PER_SESSION_MAX, LOCKS_MAX, WAITERS_MAX } from "../machine/limits.ts";

const REFUSALS: { readonly [R in LockRefusal]: readonly [code: Code, words: string] } = {
  "no-session": ["SESSION_ENDED", "its session is over. Call again: a new one is opened."],
  "claim-in-use": [
    "BAD_COMMAND",
    "its claim number is taken. Use one Caller object for all lock clients of a session.",
  ],
  "permits-differ": [
    "BAD_COMMAND",
    "the semaphore has another size while it is in use. Ask with the size that `describe` tells.",
  ],
  "locks-max": ["OVERLOADED", `${LOCKS_MAX} locks are in use, which is the limit. Release some.`],
  "waiters-max": ["OVERLOADED", `${WAITERS_MAX} claims wait for it, which is the limit. Call again later.`],
  "claims-per-session-max": [
    "OVERLOADED",
    `its session has ${CLAIMS_PER_SESSION_MAX} claims, which is the limit. Release some.`,
  ],
};

/** The machine queued nothing, and says why. */
export function refusedError(reason: LockRefusal, locks: string): QuorateError {
  const [code, words] = REFUSALS[reason];
  return new QuorateError(code, "not-applied", `Acquiring ${locks}: ${words}`, { reason, lock: locks });
}

/** A lock is not held, or not surely enough. */
export function lostError(locks: string, token: number, why: string, cause?: unknown): QuorateError {
  return new QuorateError(
    "LOCK_LOST",
    "not-applied",
    `The lock ${locks} (token ${token}) is not held: ${why}. Stop what it protected, or acquire it again.`,
    { lock: locks, token },
    null,
    cause,
  );
}

/** A result or event of another kind than was asked for: client and nodes do not speak alike. */
export function strangeAnswer(asked: string, got: string): QuorateError {
  return new QuorateError(
    "BAD_COMMAND",
    "applied",
    `Asked the lock machine for "${asked}" and got "${got}". Bring client and nodes to the same version.`,
    { asked, got },
  );
}
