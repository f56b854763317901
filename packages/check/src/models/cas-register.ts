import type { Operation, Scalar } from "../operation.ts";
import { isPair } from "./scalar.ts";
import { ILLEGAL, type Model } from "./model.ts";
import { register } from "./register.ts";

/**
 * A register with compare-and-set: `cas [from, to]` sets `to` if the register holds `from`. Ended with `ok` it held `from`;
 * ended with `fail` it held something else, which is an observation like a read.
 */
export const casRegister: Model = {
  name: "cas-register",
  initial: null,
  processMatters: false,
  complaint(operation) {
    if (operation.f !== "cas") {
      return register.complaint(operation) === null
        ? null
        : `knows read, write and cas with one value each, not ${operation.f}`;
    }
    return isPair(operation.argument) ? null : `needs [from, to] to compare and set`;
  },
  step(state, operation) {
    return operation.f === "cas" ? casStep(state, operation) : register.step(state, operation);
  },
  stepOpen(state, operation) {
    return operation.f === "cas" ? casStepOpen(state, operation) : register.stepOpen(state, operation);
  },
  readsOnly(operation) {
    return operation.outcome === "fail" || operation.f === "read";
  },
};

/** State after a completed compare-and-set: it held `from` if it ended with `ok`, and anything else if with `fail`. */
export function casStep(state: Scalar, operation: Operation): Scalar | typeof ILLEGAL {
  const [from, to] = operation.argument as readonly [Scalar, Scalar];
  if (operation.outcome === "fail") return state === from ? ILLEGAL : state;
  return state === from ? to : ILLEGAL;
}

/** State after a compare-and-set of unknown outcome. */
export function casStepOpen(state: Scalar, operation: Operation): Scalar {
  const [from, to] = operation.argument as readonly [Scalar, Scalar];
  return state === from ? to : state;
}
