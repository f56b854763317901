/** What a key, a register or a lock may hold. `null` stands for "nothing was ever written here" or "deleted". */
export type Scalar = string | number | boolean | null;

/** Argument or result of an operation: a scalar, or a list of them, as the `[from, to]` of a compare-and-set. */
export type Value = Scalar | readonly Scalar[];

/**
 * How an operation ended, as its caller saw it:
 * `ok` it took effect · `fail` it ran and its condition did not hold, which is itself an observation (a compare-and-set that
 * found another value) · `not-applied` it surely never took effect, and saw nothing · `unknown` nobody can tell: it may take
 * effect at any moment after its call, or never.
 */
export type OperationOutcome = "ok" | "fail" | "not-applied" | "unknown";

/** One call of one process, from its invocation to its return. */
export interface Operation {
  /** Who called: 0 or more. A process has at most one call of a known end under way. */
  readonly process: number;
  /** Name of the function, as the model knows it: `read`, `write`, `cas`, `get`, `put`, `append`, `delete`, `acquire`, … */
  readonly f: string;
  /** What it was called on. Keys are judged apart from each other; `""` where there is only one. */
  readonly key: string;
  /** What it was called with; `null` if nothing. */
  readonly argument: Value;
  /** What it returned; `null` if nothing, or if the outcome is not `ok`. */
  readonly result: Value;
  readonly outcome: OperationOutcome;
  /** Moment of the call. In a history that was read from text: number of the event, 1-based. Else any rising number. */
  readonly invokedAt: number;
  /** Moment of the return, in the same unit, at or after `invokedAt`; `Infinity` exactly if the outcome is `unknown`. */
  readonly returnedAt: number;
  /** Line of the call and of the return in the text that was read; 0 if there is none. */
  readonly invokedLine: number;
  readonly returnedLine: number;
}

/** A value as people read it. */
export function showValue(value: Value): string {
  return JSON.stringify(value);
}

/** An operation as one phrase: who, what, on which key, what came back, and where in the history. */
export function showOperation(operation: Operation): string {
  const on = operation.key === "" ? "" : ` ${JSON.stringify(operation.key)}`;
  const argument = operation.argument === null ? "" : ` ${showValue(operation.argument)}`;
  const repeats =
    operation.argument !== null && (operation.result === null || argument === ` ${showValue(operation.result)}`);
  const result = operation.outcome === "ok" && !repeats ? showValue(operation.result) : operation.outcome;
  const end = operation.returnedAt === Infinity ? "open" : `${operation.returnedAt}`;
  return `process ${operation.process}: ${operation.f}${on}${argument} → ${result} (events ${operation.invokedAt}–${end})`;
}
