import type { RequestId, Settlement } from "@quorate/machine";

/** What became of one request of a step. `isNew`: it took effect in this step, or failed in it, and was not carried out before. */
export interface Settled {
  readonly request: RequestId;
  readonly settlement: Settlement;
  readonly isNew: boolean;
}

/** What became of the requests of the step that a replica takes now, in their order: of a batch one for each command. */
export class StepOutcomes {
  #all: Settled[] = [];
  #isOver = false;

  /** As observers are told, before the entry is told as applied. */
  settled(request: RequestId, settlement: Settlement, revisionBefore: number): void {
    if (this.#isOver) this.#begin();
    this.#all.push({ request, settlement, isNew: settlement.revision > revisionBefore });
  }

  /** An entry was applied: what was settled since the one before is of its step. To be told before whoever asks. */
  applied(): void {
    if (this.#isOver) this.#begin();
    this.#isOver = true;
  }

  /** Of the entry that was applied last, at whichever node. */
  get all(): readonly Settled[] {
    return this.#all;
  }

  #begin(): void {
    this.#all = [];
    this.#isOver = false;
  }
}
