import type { Claim, Want } from "./claim.ts";

/**
 * One lock: which claims occupy it, and which wait for it in the order of the log.
 *
 * Invariants, kept by `ClaimTable` and `grantWhatCan`:
 * 1. the claims that occupy it are compatible: one exclusive, or only shared ones, or permits whose sum is at most `permitsMax`;
 * 2. the waiting ones stand in the order of their `sequence`, and only the first of them may be granted: nothing overtakes, so nothing starves;
 * 3. after each step the first one, if it is first in every queue where it waits, does not fit into all of its locks.
 */
export class LockQueue {
  readonly name: string;
  /** Sequences of the claims that are held, revoked or lost. */
  readonly occupants: Set<number> = new Set();
  /** Sequences of the waiting claims; insertion order is log order. */
  readonly waiting: Set<number> = new Set();
  /** Size of the semaphore; 0 while no claim asks for permits. */
  permitsMax = 0;
  private shared = 0;
  private permits = 0;
  /** Claims for permits, waiting ones included. */
  private permitClaims = 0;

  constructor(name: string) {
    this.name = name;
  }

  isEmpty(): boolean {
    return this.occupants.size === 0 && this.waiting.size === 0;
  }

  /** Whether a claim for permits speaks of a semaphore of the size that it has. */
  agrees(want: Want): boolean {
    return want.mode !== "permits" || this.permitsMax === 0 || this.permitsMax === want.permitsMax;
  }

  /** Whether there is room, the queue aside. */
  fits(want: Want): boolean {
    switch (want.mode) {
      case "exclusive":
        return this.occupants.size === 0;
      case "shared":
        return this.occupants.size === this.shared;
      case "permits":
        return this.permits === 0 ? this.occupants.size === 0 : this.permits + want.permits <= this.permitsMax;
    }
  }

  /** The sequence of the claim that has waited longest, 0 if none waits. */
  first(): number {
    for (const sequence of this.waiting) return sequence;
    return 0;
  }

  enqueue(claim: Claim, want: Want): void {
    this.waiting.add(claim.sequence);
    this.countPermitClaim(want, 1);
  }

  /** A waiting claim goes without having been granted. */
  dequeue(claim: Claim, want: Want): void {
    this.waiting.delete(claim.sequence);
    this.countPermitClaim(want, -1);
  }

  /** A claim moves in; it may have waited here. */
  occupy(claim: Claim, want: Want): void {
    if (!this.waiting.delete(claim.sequence)) this.countPermitClaim(want, 1);
    this.occupants.add(claim.sequence);
    if (want.mode === "shared") this.shared += 1;
    this.permits += want.permits;
  }

  vacate(claim: Claim, want: Want): void {
    this.occupants.delete(claim.sequence);
    if (want.mode === "shared") this.shared -= 1;
    this.permits -= want.permits;
    this.countPermitClaim(want, -1);
  }

  private countPermitClaim(want: Want, change: 1 | -1): void {
    if (want.mode !== "permits") return;
    this.permitClaims += change;
    this.permitsMax = this.permitClaims === 0 ? 0 : want.permitsMax;
  }
}
