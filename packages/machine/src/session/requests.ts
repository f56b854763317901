import type { Settlement } from "../composite.ts";
import { SETTLEMENT_BYTES } from "./limits.ts";

/**
 * The numbers of one session: each is settled once, by its first application, by `settle`, or by a refusal, and its settlement is kept
 * until its owner releases it (rule 23).
 */
export class SessionRequests {
  /** Every number up to this was released: it is never applied again, and nothing is kept of it. */
  releasedTo = 0;
  /** What is kept, as the limits count it. */
  bytesKept = 0;
  private settlements = new Map<number, Settlement>();

  get count(): number {
    return this.settlements.size;
  }

  /** What became of `number`; undefined if it was never settled, or was released. */
  find(number: number): Settlement | undefined {
    return this.settlements.get(number);
  }

  /** `number` must be above `releasedTo` and unsettled. */
  keep(number: number, settlement: Settlement): void {
    if (number <= this.releasedTo || this.settlements.has(number))
      throw new Error(`request ${number} would be settled twice`);
    this.settlements.set(number, settlement);
    this.bytesKept += settlement.bytes.length + SETTLEMENT_BYTES;
  }

  /** The owner has all results up to `releasedTo`. Going back is ignored: an old copy of a request says less than a newer one did. */
  release(releasedTo: number): void {
    if (releasedTo <= this.releasedTo) return;
    if (releasedTo - this.releasedTo <= this.settlements.size) {
      for (let number = this.releasedTo + 1; number <= releasedTo; number++) this.forget(number);
    } else {
      for (const number of this.settlements.keys()) if (number <= releasedTo) this.forget(number);
    }
    this.releasedTo = releasedTo;
  }

  /** Numbers and settlements, by number. */
  sorted(): (readonly [number, Settlement])[] {
    return [...this.settlements].sort((a, b) => a[0] - b[0]);
  }

  copy(): SessionRequests {
    const copy = new SessionRequests();
    copy.releasedTo = this.releasedTo;
    copy.bytesKept = this.bytesKept;
    copy.settlements = new Map(this.settlements);
    return copy;
  }

  private forget(number: number): void {
    const settlement = this.settlements.get(number);
    if (settlement === undefined) return;
    this.settlements.delete(number);
    this.bytesKept -= settlement.bytes.length + SETTLEMENT_BYTES;
  }
}
