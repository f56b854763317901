import type { Ballot } from "./ballot.ts";
import type { Entry } from "./entry.ts";
import { type PromiseMessage, SLOT_MAX } from "./message.ts";
import type { Quorum } from "./quorum/quorum.ts";

interface Promiser {
  readonly node: number;
  readonly incarnation: number;
  /** The next page starts here; above SLOT_MAX once the last page is in. */
  pageFrom: number;
  readonly faulty: Set<number>;
}

/**
 * Phase 1 of one ballot: who promised, and the value of the highest ballot that any of them reported for each slot.
 * Promises of one ballot may go on coming after the first quorum, when a membership change asks for more (rule 11).
 *
 * Source: L. Lamport, *Paxos Made Simple*, section 2.2, phase 1 and P2c; rules 5 to 7.
 */
export class PreparePhase {
  readonly ballot: Ballot;
  /** Highest slot that any promise reported, faulty ones included. */
  top: number;
  /** Greatest chosenTo among all promises, and who told it: everything to there is learned before more is proposed (rule 6). */
  chosenTo = 0;
  chosenAt = 0;
  private readonly promisers: Promiser[] = [];
  private readonly best = new Map<number, Entry>();

  constructor(ballot: Ballot, chosenTo: number) {
    this.ballot = ballot;
    this.top = chosenTo;
  }

  /** Takes one page. Returns where the next one starts; 0 if that was the last, −1 if the page is not the one awaited. */
  merge(node: number, incarnation: number, page: PromiseMessage): number {
    let promiser = this.find(node, incarnation);
    if (promiser === undefined) {
      promiser = { node, incarnation, pageFrom: page.slotFrom, faulty: new Set() };
      this.promisers.push(promiser);
    }
    if (page.slotFrom !== promiser.pageFrom || promiser.pageFrom > SLOT_MAX) return -1;
    if (page.chosenTo > this.chosenTo) {
      this.chosenTo = page.chosenTo;
      this.chosenAt = node;
    }
    for (const vote of page.votes) {
      const known = this.best.get(vote.slot);
      if (known === undefined || vote.ballot > known.ballot) this.best.set(vote.slot, vote);
      if (vote.slot > this.top) this.top = vote.slot;
    }
    for (const slot of page.faulty) {
      promiser.faulty.add(slot);
      if (slot > this.top) this.top = slot;
    }
    promiser.pageFrom = page.slotTo >= SLOT_MAX ? SLOT_MAX + 1 : page.slotTo + 1;
    return page.slotTo >= SLOT_MAX ? 0 : promiser.pageFrom;
  }

  /** Whether that identity has sent all its pages. */
  complete(node: number, incarnation: number): boolean {
    const promiser = this.find(node, incarnation);
    return promiser !== undefined && promiser.pageFrom > SLOT_MAX;
  }

  /** Where its next page starts; 0 if nothing came from it yet. */
  nextPage(node: number, incarnation: number): number {
    return this.find(node, incarnation)?.pageFrom ?? 0;
  }

  /** Whether a prepare quorum has promised that speaks for every slot from `slotFrom` on (rules 5 and 7). */
  speaksFrom(quorum: Quorum, slotFrom: number): boolean {
    const doubtful = new Set<number>([SLOT_MAX]);
    for (const promiser of this.promisers) {
      for (const slot of promiser.faulty) if (slot >= slotFrom) doubtful.add(slot);
    }
    for (const slot of doubtful) {
      let votes = 0;
      for (const promiser of this.promisers) {
        if (promiser.pageFrom <= SLOT_MAX || promiser.faulty.has(slot)) continue;
        votes |= quorum.bit(promiser.node, promiser.incarnation);
      }
      if (!quorum.prepare(votes)) return false;
    }
    return true;
  }

  /** The vote of the highest ballot that was reported for `slot`; `null` if none was. */
  valueAt(slot: number): Entry | null {
    return this.best.get(slot) ?? null;
  }

  /** Slots up to here are settled: what was reported of them is forgotten. */
  forgetTo(slot: number): void {
    for (const reported of this.best.keys()) if (reported <= slot) this.best.delete(reported);
  }

  /** For `fingerprint`: in whatever order the promises came. */
  state(): readonly unknown[] {
    const promisers = [...this.promisers].sort((one, other) => one.node - other.node);
    return [this.top, this.chosenTo, this.chosenAt, promisers, this.best];
  }

  private find(node: number, incarnation: number): Promiser | undefined {
    return this.promisers.find((promiser) => promiser.node === node && promiser.incarnation === incarnation);
  }
}
