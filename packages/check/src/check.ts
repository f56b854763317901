import { Budget, runInTurns, STEPS_MAX_DEFAULT } from "./budget.ts";
import { CheckError } from "./errors.ts";
import { type FirstBadEvent, firstBadEventOfKey } from "./first-bad-event.ts";
import { type History, partitionByKey } from "./history.ts";
import type { Model } from "./models/model.ts";
import type { Operation } from "./operation.ts";
import { Search } from "./search.ts";
import type { Verdict } from "./verdict.ts";
import { type Witness, witnessOf } from "./witness.ts";

/** Limits of one check. */
export interface CheckOptions {
  /**
   * Steps of the model tried at most, over all keys and over the search for the first bad event: a whole number of 1 or more,
   * default {@link STEPS_MAX_DEFAULT}. Too low and hard histories stay `unknown`; the memory of the memo grows with it, by up
   * to some 50 bytes a step.
   */
  readonly stepsMax: number;
}

/** What is known of one key. */
export interface KeyResult {
  readonly key: string;
  readonly verdict: Verdict;
  /** Count of operations on it. */
  readonly operations: number;
  /** Steps that its search took. */
  readonly steps: number;
}

/** What is known of a history. */
export interface CheckResult {
  /** `not-linearizable` if one key is; else `unknown` if one key is; else `linearizable`. */
  readonly verdict: Verdict;
  /**
   * The first event at which the history is not linearizable, in the unit of `returnedAt`; 0 unless the verdict is
   * `not-linearizable`.
   */
  readonly firstBadEvent: number;
  /** Whether that event is surely the first; `false` if the budget ran out before it was known, or if there is none. */
  readonly firstBadEventProven: boolean;
  /** Why it is not linearizable; `null` unless the verdict is `not-linearizable`. */
  readonly witness: Witness | null;
  /** Steps of the model tried in all. */
  readonly steps: number;
  /** Each key, in the order of their first calls. */
  readonly keys: readonly KeyResult[];
}

/**
 * Judges a history against a model. Linearizability is local (Herlihy and Wing 1990, section 3.2): a history is linearizable
 * exactly if it is so for each key, so each key is searched alone.
 *
 * @throws CheckError `BAD_MODEL` if the model does not know an operation, `BAD_HISTORY` if one returns before its call,
 *   `BAD_OPTION` if a limit is out of its bounds.
 */
export function check(
  history: History,
  model: Model,
  options: CheckOptions = { stepsMax: STEPS_MAX_DEFAULT },
): CheckResult {
  const budget = new Budget(options.stepsMax);
  assertJudgeable(history, model);
  const partitions = [...partitionByKey(history.operations)];
  const searches = partitions.map(([, operations]) => new Search(operations, model));
  const verdicts = runInTurns(searches, budget);
  const keys = partitions.map(([key, operations], index) => ({
    key,
    verdict: verdicts[index]!,
    operations: operations.length,
    steps: searches[index]!.steps,
  }));

  let first: FirstBadEvent | null = null;
  let firstKey = 0;
  let proven = !verdicts.includes("unknown");
  for (const [index, [, operations]] of partitions.entries()) {
    if (verdicts[index] !== "not-linearizable") continue;
    const before = first === null ? Infinity : first.event;
    const bad = firstBadEventOfKey(operations, model, searches[index]!.furthest, before, budget);
    if (bad === "unknown") proven = false;
    if (bad === "unknown" || bad === "none") continue;
    proven &&= bad.proven;
    first = bad;
    firstKey = index;
  }
  return {
    verdict: first !== null ? "not-linearizable" : verdicts.includes("unknown") ? "unknown" : "linearizable",
    firstBadEvent: first === null ? 0 : first.event,
    firstBadEventProven: first !== null && proven,
    witness: first === null ? null : witnessOf(partitions[firstKey]![1], first),
    steps: budget.steps,
    keys,
  };
}

/**
 * Makes sure that every operation can be judged by the model.
 *
 * @throws CheckError `BAD_MODEL` or `BAD_HISTORY`, naming the operation, and its line if it has one.
 */
export function assertJudgeable(history: History, model: Model): void {
  for (const operation of history.operations) {
    const complaint = model.complaint(operation);
    const line = operation.returnedLine || operation.invokedLine;
    if (complaint !== null) throw new CheckError("BAD_MODEL", `the model ${model.name} ${complaint}`, line);
    assertOrdered(operation, line);
  }
}

function assertOrdered(operation: Operation, line: number): void {
  const { f, process, invokedAt, returnedAt, outcome } = operation;
  if (!(returnedAt >= invokedAt)) {
    throw new CheckError(
      "BAD_HISTORY",
      `${f} of process ${process} returns at ${returnedAt}, before its call at ${invokedAt}`,
      line,
    );
  }
  if ((outcome === "unknown") !== (returnedAt === Infinity)) {
    throw new CheckError(
      "BAD_HISTORY",
      `${f} of process ${process} has the outcome ${outcome} and returns at ${returnedAt}; only an unknown outcome, and each, has Infinity`,
      line,
    );
  }
}
