import type { Composite, RequestId, Settlement } from "@quorate/machine";
import { counts, type Entry, FIRST_STANDING, type Standing, standingAfter } from "@quorate/paxos";

/** Chosen entries, in slot order, each once, into the composite machine. */
export class Applier {
  #composite: Composite;
  #appliedTo: number;
  #standing: Standing;
  readonly #reply: (request: RequestId, settlement: Settlement) => void;
  readonly #applied: (entry: Entry, counted: boolean) => void;
  /** Since the last checkpoint was begun. */
  entriesSince = 0;
  bytesSince = 0;
  /** Entries that were void (rule 9). */
  voids = 0;

  constructor(
    composite: Composite,
    reply: (request: RequestId, settlement: Settlement) => void,
    applied: (entry: Entry, counted: boolean) => void,
  ) {
    this.#composite = composite;
    this.#appliedTo = 0;
    this.#standing = FIRST_STANDING;
    this.#reply = reply;
    this.#applied = applied;
  }

  get composite(): Composite {
    return this.#composite;
  }

  get appliedTo(): number {
    return this.#appliedTo;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** The state as of `slot` takes the place of the live one. Only ever forward. */
  replace(composite: Composite, slot: number, standing: Standing): void {
    if (slot <= this.#appliedTo) throw new Error(`a snapshot of slot ${slot} would take back slot ${this.#appliedTo}`);
    this.#composite = composite;
    this.#appliedTo = slot;
    this.#standing = standing;
    this.entriesSince = 0;
    this.bytesSince = 0;
  }

  /** Throws what `Composite.step` throws: the log is corrupt, and nothing after it may be applied. */
  apply(entry: Entry): void {
    if (entry.slot <= this.#appliedTo) return;
    if (entry.slot !== this.#appliedTo + 1) {
      throw new Error(`slot ${entry.slot} was given to apply, right after slot ${this.#appliedTo}`);
    }
    const counted = counts(this.#standing, entry);
    if (entry.kind === "batch") {
      if (counted) this.#composite.step(entry.bytes, this.#reply);
      else this.voids += 1;
    }
    this.#standing = standingAfter(this.#standing, entry);
    this.#appliedTo = entry.slot;
    this.entriesSince += 1;
    this.bytesSince += entry.bytes.length;
    this.#applied(entry, counted);
  }
}
