import { checkByRevision, type RevisionedOperation } from "@quorate/check";
import type { Report } from "../invariants/checker.ts";

/** Everything that clients did with the key-value store, as they saw it. */
export class ClientHistory {
  readonly #operations: (RevisionedOperation | null)[] = [];

  /** A call begins; until it ends its outcome is unknown. */
  begin(operation: RevisionedOperation): number {
    return this.#operations.push(operation) - 1;
  }

  end(entry: number, operation: RevisionedOperation): void {
    this.#operations[entry] = operation;
  }

  /** It was surely not applied, or tells nothing. */
  drop(entry: number): void {
    this.#operations[entry] = null;
  }

  add(operation: RevisionedOperation): void {
    this.#operations.push(operation);
  }

  /** How many there are. */
  get length(): number {
    return this.#operations.length;
  }

  /** Judges all of it. */
  check(report: Report): void {
    const { verdict, witness } = checkByRevision(this.#operations.filter((operation) => operation !== null));
    if (verdict === "not-linearizable") report("J1", witness);
  }
}
