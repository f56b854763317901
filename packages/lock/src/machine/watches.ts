import type { Watcher } from "@quorate/machine";

import type { Claim } from "./claim.ts";
import type { ClaimTable } from "./claim-table.ts";
import { leaderOf } from "./election.ts";
import type { LockEvent, LockWatch } from "./query.ts";
import { describeClaim } from "./status.ts";

/**
 * Who wants to be woken, by what it watches. A change wakes the watchers of its own claim, of its locks, and of the claim that is now first in
 * their queues: never all that wait, so there is no herd.
 */
export class Watches {
  private readonly watchers = new Map<string, Set<() => void>>();
  private readonly table: () => ClaimTable;

  /** @param table - asked when a watcher is pulled. */
  constructor(table: () => ClaimTable) {
    this.table = table;
  }

  changed(claim: Claim): void {
    if (this.watchers.size === 0) return;
    this.wake(claimKey(claim.session, claim.id));
    const table = this.table();
    for (const { lock } of claim.wants) {
      this.wake(leaderKey(lock));
      const first = table.claims.get(table.locks.get(lock)?.first() ?? 0);
      if (first !== undefined) this.wake(claimKey(first.session, first.id));
    }
  }

  open(request: LockWatch, wake: () => void): Watcher<LockEvent> {
    const key = request.kind === "claim" ? claimKey(request.session, request.claim) : leaderKey(request.lock);
    const wakes = this.watchers.get(key) ?? new Set();
    this.watchers.set(key, wakes);
    // One function may serve two watchers: what is kept is this watcher's own.
    const own = (): void => wake();
    wakes.add(own);
    let told = "";
    return {
      pull: () => {
        const event = this.present(request);
        const mark = markOf(event);
        if (mark === told) return [];
        told = mark;
        return [event];
      },
      close: () => {
        wakes.delete(own);
        if (wakes.size === 0 && this.watchers.get(key) === wakes) this.watchers.delete(key);
      },
    };
  }

  private present(request: LockWatch): LockEvent {
    return request.kind === "claim"
      ? { kind: "claim", status: describeClaim(this.table(), request.session, request.claim) }
      : { kind: "leader", leader: leaderOf(this.table(), request.lock) };
  }

  private wake(key: string): void {
    for (const wake of this.watchers.get(key) ?? []) wake();
  }
}

function claimKey(session: number, claim: number): string {
  return `claim ${session} ${claim}`;
}

function leaderKey(lock: string): string {
  return `leader ${lock}`;
}

/** Differs whenever the event does. */
function markOf(event: LockEvent): string {
  if (event.kind === "claim") {
    const { state, token, untilMs } = event.status;
    return `${state} ${token} ${untilMs}`;
  }
  if (event.leader === null) return "nobody";
  const { session, token, valueRevision, endsAtMs } = event.leader;
  return `${session} ${token} ${valueRevision} ${endsAtMs}`;
}
