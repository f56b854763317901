/** What one revision did to one key; `value` null: it was deleted. */
export interface GhostChange {
  readonly revision: number;
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** What every revision did to the keys of the store: ascending by revision, and within one by key. */
export class KvChanges {
  readonly all: GhostChange[] = [];

  /** Revisions never go back. */
  add(change: GhostChange): void {
    let at = this.all.length;
    while (at > 0 && this.all[at - 1]!.revision === change.revision && this.all[at - 1]!.key > change.key) at -= 1;
    this.all.splice(at, 0, change);
  }

  /** The place of the first change above a revision. */
  after(revision: number): number {
    let low = 0;
    let high = this.all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.all[middle]!.revision > revision) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
