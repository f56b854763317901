import type { RevisionedOperation } from "../revisioned-operation.ts";
import { type Broken, broken } from "./broken.ts";

/** Who wrote at which revision: the writes that told it, and beside them those that others saw or that had to be assumed. */
export class Writes {
  private readonly operations: readonly RevisionedOperation[];
  /** Places of the writes of known revision, by revision; and those revisions. */
  private readonly order: Uint32Array;
  private readonly revisions: Float64Array;
  /** Revision → key of the writes that only others tell of. */
  private readonly seen: Map<number, string> = new Map();
  private readonly assumed: Set<number> = new Set();

  constructor(operations: readonly RevisionedOperation[]) {
    const places: number[] = [];
    for (const [index, each] of operations.entries())
      if (each.kind === "write" && each.revision > 0) places.push(index);
    this.operations = operations;
    this.order = Uint32Array.from(places).sort((a, b) => operations[a]!.revision - operations[b]!.revision);
    this.revisions = Float64Array.from(this.order, (index) => operations[index]!.revision);
  }

  /** Two writes that told the same revision, or `null`. */
  duplicate(): Broken | null {
    for (let i = 1; i < this.revisions.length; i++) {
      if (this.revisions[i] !== this.revisions[i - 1]) continue;
      const pair = [this.operations[this.order[i - 1]!]!, this.operations[this.order[i]!]!];
      return broken(`two writes were applied at revision ${this.revisions[i]}`, pair);
    }
    return null;
  }

  /** The write that told `revision`, or `null`. */
  at(revision: number): RevisionedOperation | null {
    const place = this.firstAtLeast(revision);
    return this.revisions[place] === revision ? this.operations[this.order[place]!]! : null;
  }

  /** Notes that somebody saw a write of `key` at a revision that no write told; the key that was noted first. */
  noteSeen(revision: number, key: string): string {
    const noted = this.seen.get(revision);
    if (noted === undefined) this.seen.set(revision, key);
    return noted ?? key;
  }

  /** Notes that a write of unknown revision is taken to be at `revision`. */
  assume(revision: number): void {
    this.assumed.add(revision);
  }

  /** The lowest revision above `after` and up to `to` that no write has, or 0; with or without those only assumed. */
  free(after: number, to: number, countAssumed: boolean): number {
    let place = this.firstAtLeast(after + 1);
    for (let revision = after + 1; revision <= to; revision++) {
      if (this.revisions[place] === revision) place++;
      else if (!this.seen.has(revision) && !(countAssumed && this.assumed.has(revision))) return revision;
    }
    return 0;
  }

  private firstAtLeast(revision: number): number {
    let low = 0;
    let high = this.revisions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.revisions[middle]! < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
