import type { ClaimTable } from "./claim-table.ts";
import { DESCRIBED_MAX } from "./limits.ts";
import type { DescribedClaim, DescribedLock } from "./query.ts";
import { wantOf } from "./status.ts";

/** One lock; a free one has no occupants and no waiters. */
export function describeLock(table: ClaimTable, name: string): DescribedLock {
  const lock = table.locks.get(name);
  if (lock === undefined) {
    return { name, permitsMax: 0, occupants: [], occupantCount: 0, waiters: [], waiterCount: 0 };
  }
  // Not in the order of the set: that is the order of the grants here, and of the sequences after a restore.
  const occupants = [...lock.occupants].map((sequence) => table.bySequence(sequence));
  occupants.sort((a, b) => a.token - b.token || a.sequence - b.sequence);
  const waiters: DescribedClaim[] = [];
  for (const sequence of lock.waiting) {
    if (waiters.length === DESCRIBED_MAX) break;
    waiters.push(described(table, name, sequence));
  }
  return {
    name,
    permitsMax: lock.permitsMax,
    occupants: occupants.slice(0, DESCRIBED_MAX).map((claim) => described(table, name, claim.sequence)),
    occupantCount: lock.occupants.size,
    waiters,
    waiterCount: lock.waiting.size,
  };
}

/** One page of the locks that are not free, by name. */
export function listLocks(
  table: ClaimTable,
  prefix: string,
  after: string,
  limit: number,
): { readonly locks: readonly DescribedLock[]; readonly more: boolean } {
  const names: string[] = [];
  for (const name of table.locks.keys()) {
    if (name <= after || !name.startsWith(prefix)) continue;
    if (names.length > limit && name >= names[limit]!) continue;
    let index = names.length;
    while (index > 0 && names[index - 1]! > name) index--;
    names.splice(index, 0, name);
    if (names.length > limit + 1) names.pop();
  }
  return { locks: names.slice(0, limit).map((name) => describeLock(table, name)), more: names.length > limit };
}

function described(table: ClaimTable, lock: string, sequence: number): DescribedClaim {
  const claim = table.bySequence(sequence);
  const { session, id, state, token, queuedAtMs, grantedAtMs, endsAtMs } = claim;
  const { mode, permits } = wantOf(claim, lock);
  return { session, claim: id, state, mode, permits, token, queuedAtMs, grantedAtMs, endsAtMs };
}
