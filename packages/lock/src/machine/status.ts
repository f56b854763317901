import { type Check, checkInt, checkNumber, checkTuple } from "@quorate/machine";

import type { Claim, Want } from "./claim.ts";
import type { ClaimTable } from "./claim-table.ts";
import { LockQueue } from "./lock-queue.ts";

/**
 * How a claim stands, as its owner is told. `delayed`: it waits for nothing but lock delays, whose end is known.
 * `none`: the log has no such claim: it was never made, given up, taken, or its session is over.
 */
export interface ClaimStatus {
  readonly claim: number;
  readonly state: "none" | "queued" | "delayed" | "held" | "revoked";
  /** Fencing token; 0 while it is not held. */
  readonly token: number;
  /** Log time at which `delayed` or `revoked` is over; else 0. */
  readonly untilMs: number;
}

const STATES = ["none", "queued", "delayed", "held", "revoked"] as const;
const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/** A status as it stands in results and events. */
export type StatusTuple = readonly [claim: number, state: number, token: number, untilMs: number];

/** Checks a `StatusTuple`. */
export const checkStatus: Check<StatusTuple> = checkTuple(
  checkInt(1, NUMBER_MAX),
  checkInt(0, STATES.length - 1),
  checkInt(0, NUMBER_MAX),
  checkNumber(0, Number.MAX_VALUE),
);

export function statusTuple({ claim, state, token, untilMs }: ClaimStatus): StatusTuple {
  return [claim, STATES.indexOf(state), token, untilMs];
}

export function statusOf([claim, state, token, untilMs]: StatusTuple): ClaimStatus {
  return { claim, state: STATES[state]!, token, untilMs };
}

/** How the claim `id` of `session` stands now. */
export function describeClaim(table: ClaimTable, session: number, id: number): ClaimStatus {
  const claim = table.find(session, id);
  if (claim === null || claim.state === "lost") return { claim: id, state: "none", token: 0, untilMs: 0 };
  if (claim.state !== "queued") return { claim: id, state: claim.state, token: claim.token, untilMs: claim.endsAtMs };
  const untilMs = delayedUntilMs(table, claim.wants, claim.sequence);
  return { claim: id, state: untilMs === 0 ? "queued" : "delayed", token: 0, untilMs };
}

/**
 * The log time at which claims that are lost are all that a claim waited for; 0 if it waits for anything else too, or for nothing.
 *
 * @param sequence - of the claim; Infinity for one that does not wait yet.
 */
export function delayedUntilMs(table: ClaimTable, wants: readonly Want[], sequence: number): number {
  let untilMs = 0;
  for (const want of wants) {
    const lock = table.locks.get(want.lock);
    if (lock === undefined) continue;
    const first = lock.first();
    if (first !== 0 && first !== sequence) return 0;
    if (lock.fits(want)) continue;
    const alive = new LockQueue(want.lock);
    for (const occupant of lock.occupants) {
      const claim = table.bySequence(occupant);
      if (claim.state === "lost") untilMs = Math.max(untilMs, claim.endsAtMs);
      else alive.occupy(claim, wantOf(claim, want.lock));
    }
    if (!alive.fits(want)) return 0;
  }
  return untilMs;
}

/** What a claim wants of one of its locks. */
export function wantOf(claim: Claim, lock: string): Want {
  const found = claim.wants.find((want) => want.lock === lock);
  if (found === undefined) throw new Error(`lock ${lock} names claim ${claim.sequence}, which does not want it`);
  return found;
}
