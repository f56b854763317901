import type { Operation, Scalar } from "../operation.ts";

/** What {@link Model.step} says of an operation that could not have ended as it did. */
export const ILLEGAL: unique symbol = Symbol("illegal");

/**
 * What one key does when operations come one at a time: the specification that a history is compared with. A model is pure
 * and deterministic. A state is a scalar, so that equal states are found by a table; a model with a larger state encodes it
 * into one string, equal states into equal strings.
 */
export interface Model {
  readonly name: string;
  /** State of a key that no operation touched. */
  readonly initial: Scalar;
  /** Whether it makes a difference which process calls, as it does for a lock. */
  readonly processMatters: boolean;
  /**
   * Why this model cannot judge the operation, in words that follow "this model ", or `null` if it can. Asked once for each
   * operation; the other functions see only operations that passed.
   */
  complaint(operation: Operation): string | null;
  /** State after a completed operation (`ok` or `fail`), or {@link ILLEGAL} if it could not end like this in `state`. */
  step(state: Scalar, operation: Operation): Scalar | typeof ILLEGAL;
  /**
   * State after an operation of unknown outcome, whatever it returned. Total: where it could have no effect it gives `state`.
   * Calls of equal `f` and `argument` (and `process`, if `processMatters`) must do the same.
   */
  stepOpen(state: Scalar, operation: Operation): Scalar;
  /**
   * Whether the operation leaves *every* state as it is (a read, a compare-and-set that failed). Of an operation with unknown
   * outcome: whether it does so however it ended. `true` where it does not hold makes verdicts wrong; `false` only costs time.
   */
  readsOnly(operation: Operation): boolean;
}
