import type { DigestReport } from "../transport/transport.ts";

/** A stretch of slots somewhere in which the results of two replicas differ. */
export interface Divergence {
  readonly slotFrom: number;
  readonly slotTo: number;
}

/**
 * Compares the rolling digest of results with those of the peers. Equal digests at a slot mean equal results up to it; a digest
 * that differs once differs for ever.
 */
export class Digests {
  readonly #slots: Float64Array;
  readonly #values: Float64Array;
  readonly #mask: number;
  /** The last report of each peer that is ahead of this replica. */
  readonly #ahead = new Map<number, DigestReport>();
  readonly #differs = new Set<number>();
  #agreedTo = 0;
  #firstDifference = 0;

  /** @param slots - how many are remembered; a power of two. */
  constructor(slots: number) {
    this.#slots = new Float64Array(slots);
    this.#values = new Float64Array(slots);
    this.#mask = slots - 1;
  }

  /** The digest after `slot`. */
  note(slot: number, digest: number): void {
    this.#slots[slot & this.#mask] = slot;
    this.#values[slot & this.#mask] = digest;
    if (this.#ahead.size === 0) return;
    for (const [peer, report] of this.#ahead) {
      if (report.slot > slot) continue;
      this.#ahead.delete(peer);
      this.#compare(peer, report);
    }
  }

  receive(peer: number, report: DigestReport, appliedTo: number): void {
    if (report.slot > appliedTo) this.#ahead.set(peer, report);
    else this.#compare(peer, report);
  }

  /**
   * Whether this replica must stop: at least half of the voters differ from it, so that it is not the majority that is right.
   * With two voters, both stop.
   */
  divergence(voters: readonly number[]): Divergence | null {
    if (this.#differs.size === 0) return null;
    const against = voters.filter((node) => this.#differs.has(node)).length;
    if (against * 2 < voters.length) return null;
    return { slotFrom: this.#agreedTo + 1, slotTo: this.#firstDifference };
  }

  /** Peers whose results differ. */
  get differing(): number {
    return this.#differs.size;
  }

  /** A slot that is remembered no more says nothing. */
  #compare(peer: number, report: DigestReport): void {
    if (this.#slots[report.slot & this.#mask] !== report.slot) return;
    if (this.#values[report.slot & this.#mask] === report.digest) {
      this.#differs.delete(peer);
      if (report.slot > this.#agreedTo) this.#agreedTo = report.slot;
      return;
    }
    this.#differs.add(peer);
    if (this.#firstDifference === 0 || report.slot < this.#firstDifference) this.#firstDifference = report.slot;
  }
}
