import type { Operation, Scalar } from "../operation.ts";
import { isScalar } from "./scalar.ts";
import { ILLEGAL, type Model } from "./model.ts";

/**
 * A register: `read` → value, `write` value. Nothing was written at first: a read then gives `null`.
 * A read or write that ended with `fail` had no effect and saw nothing.
 */
export const register: Model = {
  name: "register",
  initial: null,
  processMatters: false,
  complaint: registerComplaint,
  step: registerStep,
  stepOpen: registerStepOpen,
  readsOnly: registerReadsOnly,
};

function registerComplaint(operation: Operation): string | null {
  if (operation.f !== "read" && operation.f !== "write") return `knows read and write, not ${operation.f}`;
  if (!isScalar(operation.argument)) return `writes one value, not a list`;
  if (!isScalar(operation.result)) return `reads one value, not a list`;
  return null;
}

function registerStep(state: Scalar, operation: Operation): Scalar | typeof ILLEGAL {
  if (operation.outcome === "fail") return state;
  if (operation.f === "write") return operation.argument as Scalar;
  return operation.result === state ? state : ILLEGAL;
}

function registerStepOpen(state: Scalar, operation: Operation): Scalar {
  return operation.f === "write" ? (operation.argument as Scalar) : state;
}

function registerReadsOnly(operation: Operation): boolean {
  return operation.f === "read" || operation.outcome === "fail";
}
