import type { Operation, Scalar } from "../operation.ts";
import { isPair, isScalar } from "./scalar.ts";
import { casStep, casStepOpen } from "./cas-register.ts";
import { ILLEGAL, type Model } from "./model.ts";

/** Functions of {@link kv}. */
const FUNCTIONS: ReadonlySet<string> = new Set(["get", "put", "append", "delete", "cas"]);

/**
 * One key of a key-value store: `get` → value, `put` value, `append` string, `delete` (→ whether it was there, or nothing
 * said), `cas [from, to]`. An absent key has the value `absent`: `null` for stores that tell absent from empty, `""` for
 * those that do not. A compare-and-set that ended with `fail` found another value; any other `fail` had no effect and saw
 * nothing.
 */
export function kv(absent: Scalar = null): Model {
  return {
    name: "kv",
    initial: absent,
    processMatters: false,
    complaint: kvComplaint,
    step(state, operation) {
      return operation.f === "cas" ? casStep(state, operation) : kvStep(state, operation, absent);
    },
    stepOpen(state, operation) {
      return operation.f === "cas" ? casStepOpen(state, operation) : kvEffect(state, operation, absent);
    },
    readsOnly(operation) {
      return operation.outcome === "fail" || operation.f === "get";
    },
  };
}

function kvComplaint(operation: Operation): string | null {
  if (!FUNCTIONS.has(operation.f)) return `knows ${[...FUNCTIONS].join(", ")}, not ${operation.f}`;
  if (!isScalar(operation.result) && operation.f === "get") return `gets one value, not a list`;
  if (operation.f === "cas") return isPair(operation.argument) ? null : `needs [from, to] to compare and set`;
  if (operation.f === "append" && typeof operation.argument !== "string") return `appends strings only`;
  return isScalar(operation.argument) ? null : `puts one value, not a list`;
}

function kvStep(state: Scalar, operation: Operation, absent: Scalar): Scalar | typeof ILLEGAL {
  if (operation.outcome === "fail") return state;
  if (operation.f === "get") return operation.result === state ? state : ILLEGAL;
  if (operation.f === "delete" && typeof operation.result === "boolean") {
    return operation.result === (state !== absent) ? absent : ILLEGAL;
  }
  return kvEffect(state, operation, absent);
}

function kvEffect(state: Scalar, operation: Operation, absent: Scalar): Scalar {
  if (operation.f === "put") return operation.argument as Scalar;
  if (operation.f === "append") return `${state ?? ""}${operation.argument as string}`;
  return operation.f === "delete" ? absent : state;
}
