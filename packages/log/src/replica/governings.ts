import type { Entry, Governing } from "@quorate/paxos";

/**
 * The sets of members that this node knows chosen, each with its floor, ascending by slot: for `learn` (rule 12) and for the heads of
 * snapshots. An engine names a set in its records once it is known chosen.
 */
export class Governings {
  #list: Governing[];

  /** @param first - ascending by slot, not empty. */
  constructor(first: readonly Governing[]) {
    this.#list = [...first];
  }

  /** A set that is known chosen; again is no harm. */
  add(governing: Governing): void {
    const last = this.#list.at(-1);
    if (last === undefined || governing.slot > last.slot) this.#list.push(governing);
  }

  /** The set in force right after `slot`. */
  at(slot: number): Governing {
    for (let index = this.#list.length - 1; index >= 0; index--) {
      const governing = this.#list[index]!;
      if (governing.slot <= slot) return governing;
    }
    throw new Error(`the set of members in force after slot ${slot} is not known here`);
  }

  /** The floors of the changes among `entries`, in order; `null` if one is not known here any more. */
  floorsOf(entries: readonly Entry[]): readonly number[] | null {
    const floors: number[] = [];
    for (const entry of entries) {
      if (entry.kind !== "members") continue;
      const governing = this.#list.find((each) => each.slot === entry.slot);
      if (governing === undefined) return null;
      floors.push(governing.floor);
    }
    return floors;
  }
}
