import { check, kv, type Operation, type RevisionedOperation, type Verdict } from "@quorate/check";

/** Steps of the model that one search may take. */
const STEPS_MAX = 200_000;

/** What a full search said. */
export interface Searched {
  readonly verdict: Verdict;
  /** In words, unless it is linearizable or unknown. */
  readonly witness: string;
  readonly steps: number;
}

/**
 * The full search for an order of all calls that explains what clients saw, by their values alone: it believes no revision, so it also finds what a
 * check that goes by revisions takes on trust. Reads of level session are left out: they may be old.
 */
export function searchHistory(operations: readonly RevisionedOperation[], stepsMax: number = STEPS_MAX): Searched {
  const values = new Map<string, string | null>();
  for (const { key, revision, kind, value, seenModRevision, seenValue, sees } of operations) {
    if (kind === "write" && revision > 0) values.set(`${key} ${revision}`, value);
    if (sees === "entry" && seenModRevision > 0) values.set(`${key} ${seenModRevision}`, seenValue);
  }
  const judged: Operation[] = [];
  for (const operation of operations) {
    const made = operationOf(operation, values);
    if (made !== null) judged.push(made);
  }
  judged.sort((left, right) => left.invokedAt - right.invokedAt);
  const { verdict, witness, steps } = check({ operations: judged, events: 2 * judged.length }, kv(), { stepsMax });
  return { verdict, witness: witness?.text ?? "", steps };
}

/** As the model of one key knows it; `null`: it tells nothing of values. */
function operationOf(operation: RevisionedOperation, values: ReadonlyMap<string, string | null>): Operation | null {
  const { process, key, kind, value, sees, seenValue, seenModRevision, invokedAt, returnedAt } = operation;
  const outcome = returnedAt === Infinity ? "unknown" : "ok";
  const base = { process, key, outcome, invokedAt, returnedAt, invokedLine: 0, returnedLine: 0, result: null } as const;
  if (kind === "read") {
    if (sees !== "entry" || invokedAt === 0) return null;
    return { ...base, f: "get", argument: null, result: seenValue };
  }
  if (sees === "version") {
    const from = seenModRevision === 0 ? null : values.get(`${key} ${seenModRevision}`);
    // Nobody was told what stood at that version, so any value may have.
    if (from === undefined)
      return value === null ? { ...base, f: "delete", argument: null } : { ...base, f: "put", argument: value };
    return { ...base, f: "cas", argument: [from, value] };
  }
  if (value !== null) return { ...base, f: "put", argument: value };
  return { ...base, f: "delete", argument: null, result: sees === "entry" ? seenValue !== null : null };
}
