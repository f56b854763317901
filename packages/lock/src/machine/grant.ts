import type { At, Neighbours } from "@quorate/machine";

import type { Claim, Want } from "./claim.ts";
import type { ClaimTable } from "./claim-table.ts";

/** Whether a claim that does not wait yet could be granted at once: nobody waits before it, and there is room everywhere. */
export function isFree(table: ClaimTable, wants: readonly Want[]): boolean {
  return wants.every((want) => {
    const lock = table.locks.get(want.lock);
    return lock === undefined || (lock.waiting.size === 0 && lock.fits(want));
  });
}

/**
 * Grants every claim that can be granted, after something changed at `locks`.
 *
 * A claim is granted when it stands first in the queue of each lock that it wants and fits into each, all at once. Queues are
 * ordered by the log alike, so the oldest waiting claim is first everywhere and waits for holders only: claims never deadlock among each other,
 * and none is overtaken where it waits. Two claims that exclude each other are never first at the same lock, so the order of this search does
 * not matter.
 *
 * A claim whose session is over is dropped instead: a lock that is granted to the dead is lost to the living.
 */
export function grantWhatCan(table: ClaimTable, locks: readonly string[], neighbours: Neighbours, at: At): void {
  const open = [...locks];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (let claim = firstWaiting(table, name); claim !== null; claim = firstWaiting(table, name)) {
      if (!neighbours.sessionLives(claim.session)) {
        table.remove(claim);
      } else if (isFirstAndFits(table, claim)) {
        table.replace({ ...claim, state: "held", token: at.revision, grantedAtMs: at.logTimeMs });
      } else {
        break;
      }
      for (const want of claim.wants) if (want.lock !== name) open.push(want.lock);
    }
  }
}

function firstWaiting(table: ClaimTable, name: string): Claim | null {
  const sequence = table.locks.get(name)?.first() ?? 0;
  return sequence === 0 ? null : table.bySequence(sequence);
}

function isFirstAndFits(table: ClaimTable, claim: Claim): boolean {
  return claim.wants.every((want) => {
    const lock = table.locks.get(want.lock)!;
    return lock.first() === claim.sequence && lock.fits(want);
  });
}
