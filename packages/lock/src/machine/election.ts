import type { Claim } from "./claim.ts";
import type { ClaimTable } from "./claim-table.ts";

/**
 * Who leads, and what it tells the world: an election is an exclusive lock whose holder has a value. Campaigning is acquiring, resigning is
 * releasing, and observers watch the lock.
 */
export interface Leader {
  readonly session: number;
  /** Fencing token of its term: greater than that of every earlier term. */
  readonly token: number;
  readonly value: Uint8Array;
  /** Revision of the step that set `value`. */
  readonly valueRevision: number;
  /** Log time at which its term is over at the latest, because it was revoked by force; 0: it was not. */
  readonly endsAtMs: number;
}

/** The one that has held `lock` longest, null while nobody holds it. */
export function leaderOf(table: ClaimTable, lock: string): Leader | null {
  let leader: Claim | null = null;
  for (const sequence of table.locks.get(lock)?.occupants ?? []) {
    const claim = table.bySequence(sequence);
    if (claim.state === "lost") continue;
    if (leader === null || claim.token < leader.token || (claim.token === leader.token && sequence < leader.sequence)) {
      leader = claim;
    }
  }
  if (leader === null) return null;
  const { session, token, value, valueRevision, endsAtMs } = leader;
  return { session, token, value, valueRevision, endsAtMs };
}
