import { ILLEGAL, type Model, type Operation, type Scalar } from "@quorate/check";

/**
 * Whether any order of the operations of one key is allowed, found by trying them all: each completed operation once, each
 * open one once or not at all, none before one that returned before its call. Shares nothing with the search but the model.
 */
export function someOrderFits(operations: readonly Operation[], model: Model): boolean {
  const counted = operations.filter((each) => each.outcome !== "not-applied");
  return fits(model.initial, counted, model);
}

function fits(state: Scalar, left: readonly Operation[], model: Model): boolean {
  if (left.every((each) => each.outcome === "unknown")) return true;
  return left.some((operation) => {
    if (left.some((other) => other.returnedAt < operation.invokedAt)) return false;
    const next = operation.outcome === "unknown" ? model.stepOpen(state, operation) : model.step(state, operation);
    if (next === ILLEGAL) return false;
    return fits(
      next,
      left.filter((other) => other !== operation),
      model,
    );
  });
}
