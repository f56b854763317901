import type { Scalar, Value } from "../operation.ts";

/** Whether a value is one scalar and not a list. */
export function isScalar(value: Value): value is Scalar {
  return !Array.isArray(value);
}

/** Whether a value is the `[from, to]` of a compare-and-set. */
export function isPair(value: Value): value is readonly [Scalar, Scalar] {
  return Array.isArray(value) && value.length === 2;
}
