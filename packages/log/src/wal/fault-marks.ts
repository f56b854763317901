import { SLOT_MAX } from "@quorate/paxos";

/**
 * Which slots of a group cannot be read (rule 5): single ones, and every slot from one on, save those cured since.
 * A slot is cured by a vote cast, or a chosen value learned, after the loss.
 */
export class FaultMarks {
  readonly #slots = new Set<number>();
  #from = SLOT_MAX;
  readonly #cured = new Set<number>();

  /** The vote of one slot is lost. */
  mark(slot: number): void {
    if (slot >= this.#from) this.#cured.delete(slot);
    else this.#slots.add(slot);
  }

  /** Any vote above `slot` may be lost. */
  markAbove(slot: number): void {
    for (const marked of this.#slots) if (marked > slot) this.#slots.delete(marked);
    this.#from = Math.min(this.#from, slot + 1);
    this.#cured.clear();
  }

  cure(slot: number): void {
    this.#slots.delete(slot);
    if (slot >= this.#from) this.#cured.add(slot);
  }

  /** Takes over what a record states, in place of all that is known. */
  replace(slots: readonly number[], from: number): void {
    this.#slots.clear();
    for (const slot of slots) this.#slots.add(slot);
    this.#from = from;
    this.#cured.clear();
  }

  /** The marks above `base`: ascending slots, and the slot from which on all are faulty. */
  above(base: number): { readonly slots: readonly number[]; readonly from: number } {
    let from = this.#from === SLOT_MAX ? SLOT_MAX : Math.max(this.#from, base + 1);
    const slots = [...this.#slots].filter((slot) => slot > base);
    if (from !== SLOT_MAX) {
      let curedTo = 0;
      for (const slot of this.#cured) curedTo = Math.max(curedTo, slot);
      for (; from <= curedTo; from++) if (!this.#cured.has(from)) slots.push(from);
    }
    return { slots: slots.sort((left, right) => left - right), from };
  }
}
