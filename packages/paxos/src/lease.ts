import type { Ballot } from "./ballot.ts";

/**
 * What this node granted, by answering heartbeats: until then it neither promises a higher ballot nor campaigns (rule 19).
 * After a restart it is bound as if it had granted the longest lease it ever may have.
 *
 * Source: C. Gray, D. Cheriton, *Leases*, SOSP 1989; rule 19.
 */
export class Grants {
  /** On this node's clock. */
  untilMs: number;
  /** No ballot above this one is promised until then. */
  ballot: Ballot;
  /** The disk of the leader of `ballot`; 0: granted before a restart, to whom is not known any more. */
  private incarnation = 0;
  /** The longest ever granted, durable. */
  longestMs: number;

  constructor(startedMs: number, promised: Ballot, longestMs: number) {
    this.untilMs = longestMs > 0 ? startedMs + longestMs : -Infinity;
    this.ballot = promised;
    this.longestMs = longestMs;
  }

  /** Whether a grant forbids to promise `ballot` now. */
  forbids(ballot: Ballot, nowMs: number): boolean {
    return nowMs < this.untilMs && ballot > this.ballot;
  }

  grant(ballot: Ballot, incarnation: number, nowMs: number, leaseMs: number): void {
    if (ballot >= this.ballot) {
      this.ballot = ballot;
      this.incarnation = incarnation;
    }
    this.untilMs = Math.max(this.untilMs, nowMs + leaseMs);
  }

  /**
   * The leader of `ballot`, of that incarnation, gave its lease up, for good. What another incarnation gives up releases nothing, nor does a leader of a higher
   * ballot: it may have led by the promises of an older set of members, while those of this grant's set keep to it.
   */
  release(ballot: Ballot, incarnation: number): void {
    const isHolder = this.incarnation === 0 || this.incarnation === incarnation;
    if (this.ballot === ballot && isHolder) this.untilMs = -Infinity;
  }
}

/** For how long in total a leader's clock may have stood still without a call of `suspended` (rule 26), in ms. Leases up to this are never usable. */
export const STOOD_STILL_MS_MAX = 20;

/** How long a lease of `leaseMs`, counted from the moment its heartbeat left, may be used, whatever two clocks within `drift` do. */
export function usableMs(leaseMs: number, drift: number): number {
  return (leaseMs * (1 - drift)) / (1 + drift) - STOOD_STILL_MS_MAX;
}
