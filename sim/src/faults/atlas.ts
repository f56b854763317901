import { identityOf, type MembersInPlay, suffices } from "../world/members-in-play.ts";
import type { Operator } from "../world/operator.ts";

/** A machine, as far as its disk goes. */
interface Machine {
  readonly id: number;
  /** Of its disk; 0: it belongs to no cluster yet. */
  readonly incarnation: number;
}

/**
 * Which disks may be lost, so that what is chosen can still be read. A disk that is lost never votes again under its incarnation. As long as in each
 * set that may still decide something the other voters are a prepare quorum and an accept quorum, they can learn all that was chosen, and go on:
 * every prepare quorum meets the accept quorum that chose it.
 */
export class Atlas {
  readonly #sets: MembersInPlay;
  readonly #operator: () => Operator;
  readonly #lost = new Set<string>();

  constructor(sets: MembersInPlay, operator: () => Operator) {
    this.#sets = sets;
    this.#operator = operator;
  }

  /** Whether this disk is lost, although a member may still bear its name. */
  isLost(node: number, incarnation: number): boolean {
    return this.#lost.has(identityOf(node, incarnation));
  }

  /** Takes a machine's disk into the budget of lost ones, if it can be spared. */
  takes({ id, incarnation }: Machine): boolean {
    const operator = this.#operator();
    if (!operator.isFormed || this.#sets.inForce === null) return false;
    const identity = identityOf(id, incarnation);
    if (incarnation === 0 || this.#lost.has(identity)) return true;
    // Whoever starts with an empty disk asks those that formed the cluster; if none of them knew, they would form another one.
    if (!operator.formers().some((former) => former.id !== id && former.incarnation > 0)) return false;
    const lives = (node: number, life: number): boolean =>
      (node !== id || life !== incarnation) && !this.isLost(node, life);
    const sets = [...this.#sets.all(), ...operator.setsToCome()];
    if (!sets.every((members) => suffices(members, lives))) return false;
    this.#lost.add(identity);
    return true;
  }

  /** A disk that was damaged holds again what it held. */
  mended({ id, incarnation }: Machine): void {
    this.#lost.delete(identityOf(id, incarnation));
  }
}
