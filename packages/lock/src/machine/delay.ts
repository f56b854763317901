import type { Claim } from "./claim.ts";

/**
 * The claims whose end is set: a revoked one, whose holder's belief must be over by then, and a lost one, whose lock delay is.
 * Lock delay: M. Burrows, "The Chubby lock service for loosely-coupled distributed systems" (OSDI 2006), section 2.4.
 */
export class Endings {
  private readonly endsAt = new Map<number, number>();
  private earliestMs = Infinity;
  private stale = false;

  /** @param endsAtMs - log time; 0 takes the claim out. */
  set(sequence: number, endsAtMs: number): void {
    const before = this.endsAt.get(sequence) ?? 0;
    if (before === endsAtMs) return;
    if (before === this.earliestMs) this.stale = true;
    if (endsAtMs === 0) {
      this.endsAt.delete(sequence);
    } else {
      this.endsAt.set(sequence, endsAtMs);
      if (endsAtMs < this.earliestMs) this.earliestMs = endsAtMs;
    }
  }

  /** Log time of the next end; Infinity if none is set. */
  dueMs(): number {
    if (this.stale) {
      this.earliestMs = Infinity;
      for (const endsAtMs of this.endsAt.values()) this.earliestMs = Math.min(this.earliestMs, endsAtMs);
      this.stale = false;
    }
    return this.earliestMs;
  }

  /** Sequences of the claims that have reached their end, in the order of the log. */
  reached(logTimeMs: number): readonly number[] {
    const sequences: number[] = [];
    for (const [sequence, endsAtMs] of this.endsAt) if (endsAtMs <= logTimeMs) sequences.push(sequence);
    return sequences.sort((a, b) => a - b);
  }
}

/** A held claim after its owner has gone uncleanly; null if it leaves nothing behind. */
export function lose(claim: Claim, logTimeMs: number): Claim | null {
  return claim.delayMs === 0 ? null : { ...claim, state: "lost", endsAtMs: logTimeMs + claim.delayMs };
}

/** A held claim that is to be given up: its client learns of it with the next confirmation, and believes in the last one no longer than this. */
export function revoke(claim: Claim, logTimeMs: number): Claim {
  return { ...claim, state: "revoked", endsAtMs: logTimeMs + claim.beliefMs };
}
