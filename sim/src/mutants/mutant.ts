import type { FaultKind } from "../faults/schedule.ts";
import type { Patch } from "./plant.ts";

/** A bug that is planted into a copy of the sources, for the general campaign to find. */
export interface Mutant {
  /** Row of the kill table, and a letter where the row has several patches: "4b". */
  readonly id: string;
  /** What is wrong, in one sentence. */
  readonly what: string;
  /** Where this design makes the bug of the row impossible: which bug that is, why it cannot be, and that this is its nearest relative. */
  readonly standsFor?: string;
  readonly patches: readonly Patch[];
  /** Invariants of the catalogue that it should trip; the table says which one did. */
  readonly expects: readonly string[];
  /** The kinds of faults without which it must survive; "contention": none is needed, so that leaving faults out proves nothing. */
  readonly revealedBy: readonly FaultKind[] | "contention";
}

/** Row of the table that a mutant belongs to. */
export function rowOf(id: string): number {
  return Number.parseInt(id, 10);
}
