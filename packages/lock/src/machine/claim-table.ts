import type { Claim } from "./claim.ts";
import { Endings } from "./delay.ts";
import { LockQueue } from "./lock-queue.ts";

/** All claims, and what follows from them: the locks, the claims of a session, the ends that are due. */
export class ClaimTable {
  /** By sequence. Insertion order is sequence order. */
  readonly claims: Map<number, Claim> = new Map();
  /** The locks that some claim occupies or waits for. A free lock leaves no trace: revisions are never reused, so no later token is lower. */
  readonly locks: Map<string, LockQueue> = new Map();
  readonly endings: Endings = new Endings();
  /** session → id of a claim → its sequence. Lost claims belong to nobody. */
  private readonly bySession = new Map<number, Map<number, number>>();
  private readonly changed: (claim: Claim) => void;

  /** @param changed - told of every claim that came, changed, or went. */
  constructor(changed: (claim: Claim) => void) {
    this.changed = changed;
  }

  find(session: number, id: number): Claim | null {
    const sequence = this.bySession.get(session)?.get(id);
    return sequence === undefined ? null : this.bySequence(sequence);
  }

  bySequence(sequence: number): Claim {
    const claim = this.claims.get(sequence);
    if (claim === undefined) throw new Error(`a queue names claim ${sequence}, which is not in the table`);
    return claim;
  }

  /** Waiting and held, in the order of the log. */
  ofSession(session: number): readonly Claim[] {
    return [...(this.bySession.get(session)?.values() ?? [])].map((sequence) => this.bySequence(sequence));
  }

  countOfSession(session: number): number {
    return this.bySession.get(session)?.size ?? 0;
  }

  /** The claim under `token` that has `lock` now, or null. */
  holderOf(lock: string, token: number): Claim | null {
    for (const sequence of this.locks.get(lock)?.occupants ?? []) {
      const claim = this.bySequence(sequence);
      if (claim.token === token && claim.state !== "lost") return claim;
    }
    return null;
  }

  /** A new claim, in any state: `sequence` is greater than that of all others. */
  add(claim: Claim): void {
    this.claims.set(claim.sequence, claim);
    for (const want of claim.wants) {
      let lock = this.locks.get(want.lock);
      if (lock === undefined) this.locks.set(want.lock, (lock = new LockQueue(want.lock)));
      if (claim.state === "queued") lock.enqueue(claim, want);
      else lock.occupy(claim, want);
    }
    if (claim.state !== "lost") {
      const ids = this.bySession.get(claim.session);
      if (ids === undefined) this.bySession.set(claim.session, new Map([[claim.id, claim.sequence]]));
      else ids.set(claim.id, claim.sequence);
    }
    this.endings.set(claim.sequence, claim.endsAtMs);
    this.changed(claim);
  }

  /** The claim of the same sequence in a new state: queued → held → revoked → lost, steps may be left out. */
  replace(claim: Claim): void {
    const before = this.bySequence(claim.sequence);
    this.claims.set(claim.sequence, claim);
    if (before.state === "queued" && claim.state !== "queued") {
      for (const want of claim.wants) this.locks.get(want.lock)!.occupy(claim, want);
    }
    if (claim.state === "lost") this.forgetOwner(claim);
    this.endings.set(claim.sequence, claim.endsAtMs);
    this.changed(claim);
  }

  remove(claim: Claim): void {
    this.claims.delete(claim.sequence);
    for (const want of claim.wants) {
      const lock = this.locks.get(want.lock)!;
      if (claim.state === "queued") lock.dequeue(claim, want);
      else lock.vacate(claim, want);
      if (lock.isEmpty()) this.locks.delete(want.lock);
    }
    if (claim.state !== "lost") this.forgetOwner(claim);
    this.endings.set(claim.sequence, 0);
    this.changed(claim);
  }

  private forgetOwner(claim: Claim): void {
    const ids = this.bySession.get(claim.session);
    ids?.delete(claim.id);
    if (ids?.size === 0) this.bySession.delete(claim.session);
  }
}
