import { type Broken, showBroken } from "./by-revision/broken.ts";
import { realTimeOrder } from "./by-revision/real-time-order.ts";
import { assignSeen, gatherSeen, type OpenWrite, type SeenWrite } from "./by-revision/seen-writes.ts";
import { type Fact, Timeline } from "./by-revision/timeline.ts";
import { Writes } from "./by-revision/writes.ts";
import { CheckError } from "./errors.ts";
import type { RevisionedOperation } from "./revisioned-operation.ts";
import type { Verdict } from "./verdict.ts";

/** What is known of operations that tell their revisions. */
export interface RevisionResult {
  readonly verdict: Verdict;
  /** Why, in words; `""` if the verdict is `linearizable`. */
  readonly witness: string;
  /** The operations that the witness speaks of. */
  readonly involved: readonly RevisionedOperation[];
}

interface KeyOperations {
  /** Those whose revision is told. */
  readonly known: RevisionedOperation[];
  /** Writes of unknown outcome. */
  readonly open: OpenWrite[];
}

/**
 * Judges operations whose replies tell the revision of the log at which they were applied. The order is then known, and needs
 * no search: O(n log n). Linearizable are they exactly if, for some guess about the calls of unknown outcome,
 * - each write has a revision of its own, and real time agrees with the order of revisions, over all keys;
 * - each operation saw what the latest write of its key at or below its revision (below it, for a write) left, with the
 *   revision of that write, and so nothing from the future, nothing overwritten, and nothing that nobody wrote.
 *
 * This is stronger than linearizability of the values alone: it judges the revisions too. A write of unknown outcome may have
 * been applied once after its call, or never; what others saw of it must fit. `unknown` is the verdict only if several
 * guesses are open, the one tried does not fit, and no guess is refuted for all; values written once keep that rare.
 *
 * A write of several keys at one revision is outside of this check: it would count as two writes at one revision.
 *
 * @throws CheckError `BAD_HISTORY` if an operation contradicts itself: see {@link RevisionedOperation}.
 */
export function checkByRevision(operations: readonly RevisionedOperation[]): RevisionResult {
  for (const [index, operation] of operations.entries()) assertSound(operation, index);
  const order = realTimeOrder(operations);
  if (order.broken !== null) return resultOf(order.broken);
  const writes = new Writes(operations);
  const duplicate = writes.duplicate();
  if (duplicate !== null) return resultOf(duplicate);

  const keys = [...operationsByKey(operations, order.floors).values()];
  const seen: Map<number, SeenWrite>[] = keys.map(() => new Map());
  for (const [index, key] of keys.entries()) {
    const rule = gatherSeen(key.known, writes, seen[index]!);
    if (rule !== null) return resultOf(rule);
  }
  let unproven: Broken | null = null;
  for (const [index, key] of keys.entries()) {
    const rule = walkKey(key, [...seen[index]!.values()], writes);
    if (rule?.proven === true) return resultOf(rule);
    unproven ??= rule;
  }
  return resultOf(unproven);
}

/** Walks one key by revision; `null` if all fits. */
function walkKey(key: KeyOperations, seen: readonly SeenWrite[], writes: Writes): Broken | null {
  const assigned = assignSeen(seen, key.open, seen.length === 0 ? [] : toldRevisions(key.known, seen));
  if ("why" in assigned) return assigned;
  const facts: Fact[] = key.known.map((operation) => ({ operation, revision: operation.revision }));
  for (const [write, writer] of assigned.writers) facts.push({ operation: writer.operation, revision: write.revision });
  facts.sort((a, b) => a.revision - b.revision || rankOf(a) - rankOf(b));
  const writers = new Set(assigned.writers.values());
  const left = key.open.filter((each) => !writers.has(each));
  const timeline = new Timeline(left, writes, assigned.ambiguous);
  for (const fact of facts) {
    const rule = timeline.take(fact);
    if (rule !== null) return rule;
  }
  return null;
}

/** The revisions of the writes of one key that replies or sights tell, rising. */
function toldRevisions(known: readonly RevisionedOperation[], seen: readonly SeenWrite[]): number[] {
  const told = seen.map((write) => write.revision);
  for (const operation of known) if (operation.kind === "write") told.push(operation.revision);
  return told.sort((a, b) => a - b);
}

/** At one revision the write comes before the reads, which reflect it. */
function rankOf(fact: Fact): number {
  return fact.operation.kind === "write" ? 0 : 1;
}

/** The operations of each key; reads of unknown outcome tell nothing and are left out. */
function operationsByKey(
  operations: readonly RevisionedOperation[],
  floors: Float64Array,
): ReadonlyMap<string, KeyOperations> {
  const keys: Map<string, KeyOperations> = new Map();
  for (const [index, operation] of operations.entries()) {
    let key = keys.get(operation.key);
    if (key === undefined) keys.set(operation.key, (key = { known: [], open: [] }));
    if (operation.kind === "write" && operation.revision === 0) key.open.push({ operation, floor: floors[index]! });
    else if (operation.kind === "write" || operation.returnedAt !== Infinity) key.known.push(operation);
  }
  return keys;
}

function resultOf(rule: Broken | null): RevisionResult {
  if (rule === null) return { verdict: "linearizable", witness: "", involved: [] };
  if (rule.proven) return { verdict: "not-linearizable", witness: showBroken(rule), involved: rule.involved };
  const witness = `Unknown: a guess about calls of unknown outcome failed, others were not tried.\n${showBroken(rule)}`;
  return { verdict: "unknown", witness, involved: rule.involved };
}

function assertSound(operation: RevisionedOperation, index: number): void {
  const { kind, revision, invokedAt, returnedAt, seenModRevision } = operation;
  const where = `operation ${index} (${kind} of ${JSON.stringify(operation.key)} by process ${operation.process})`;
  if (!Number.isFinite(invokedAt) || !(returnedAt >= invokedAt)) {
    throw new CheckError(
      "BAD_HISTORY",
      `${where} returns at ${returnedAt}; expected a moment at or after its call at ${invokedAt}`,
    );
  }
  if (!Number.isSafeInteger(revision) || revision < 0) {
    throw new CheckError("BAD_HISTORY", `${where} has revision ${revision}; expected a whole number of 0 or more`);
  }
  if (kind === "write" && revision === 0 && returnedAt !== Infinity) {
    throw new CheckError(
      "BAD_HISTORY",
      `${where} returned without a revision; only a call of unknown outcome (returnedAt Infinity) may`,
    );
  }
  if (!Number.isSafeInteger(seenModRevision) || seenModRevision < 0) {
    throw new CheckError(
      "BAD_HISTORY",
      `${where} saw modification revision ${seenModRevision}; expected a whole number of 0 or more`,
    );
  }
}
