import type { FirstBadEvent } from "./first-bad-event.ts";
import { type Operation, showOperation, showValue } from "./operation.ts";

/** Operations of the order that the text shows: the last ones. */
const SHOWN_MAX = 12;

/** Why a key is not linearizable: for programs, and in words. */
export interface Witness {
  readonly key: string;
  /** The operation whose return made the history bad. */
  readonly operation: Operation;
  /** One of the longest orders that the model allows. */
  readonly order: readonly Operation[];
  /** Completed operations that should come next, and of which none may. */
  readonly next: readonly Operation[];
  /** All of that as lines of text. */
  readonly text: string;
}

/** Tells why the operations of a key are bad from that event on. */
export function witnessOf(operations: readonly Operation[], first: FirstBadEvent): Witness {
  const operation = operations.find((each) => each.returnedAt === first.event)!;
  const { order, state, next } = first.stuck;
  const where = operation.returnedLine > 0 ? ` (line ${operation.returnedLine})` : "";
  const hidden = Math.max(0, order.length - SHOWN_MAX);
  const lines = [
    `Not linearizable${operation.key === "" ? "" : ` on key ${showValue(operation.key)}`}: ` +
      `no order of the operations up to event ${first.event}${where} explains`,
    `  ${showOperation(operation)}`,
    `One of the longest orders that fit has ${order.length} operations${hidden > 0 ? `, the last ${SHOWN_MAX} of them` : ""}:`,
    ...order.slice(hidden).map((each, index) => `  ${hidden + index + 1}. ${showOperation(each)}`),
    `It leaves the state ${showValue(state)}, in which none of these may come next:`,
    ...next.map((each) => `  ${showOperation(each)}`),
  ];
  return { key: operation.key, operation, order, next, text: lines.join("\n") };
}
