import { checkByRevision, type RevisionedOperation, type Verdict } from "@quorate/check";
import type { Report } from "../invariants/checker.ts";
import { searchHistory } from "./search-history.ts";

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

  /** Judges all of it, by the revisions that callers were told. */
  check(report: Report): void {
    const { verdict, witness } = checkByRevision(this.#all());
    if (verdict === "not-linearizable") report("J1", witness);
  }

  /** Judges all of it by values alone, as far as the search comes. */
  search(report: Report): Verdict {
    const { verdict, witness } = searchHistory(this.#all());
    if (verdict === "not-linearizable") report("J1", `no order of the calls explains their values: ${witness}`);
    return verdict;
  }

  #all(): readonly RevisionedOperation[] {
    return this.#operations.filter((operation) => operation !== null);
  }
}
