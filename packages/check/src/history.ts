import { CheckError } from "./errors.ts";
import type { Operation, OperationOutcome, Value } from "./operation.ts";

/** What was called and what came back, in the order of the calls. */
export interface History {
  readonly operations: readonly Operation[];
  /** Calls and known ends together: events are numbered 1 … `events`. An end that is `unknown` is not an event. */
  readonly events: number;
}

/** Pairs the events of a run into operations, in the order in which they happened. */
export class HistoryRecorder {
  private readonly operations: Operation[] = [];
  private readonly openByProcess: Map<number, number> = new Map();
  private events = 0;

  /**
   * A call begins.
   *
   * @throws CheckError `BAD_HISTORY` if the process has a call under way whose end is not told yet.
   */
  invoke(process: number, f: string, key: string, argument: Value, line: number = 0): void {
    const open = this.openByProcess.get(process);
    if (open !== undefined) {
      const before = this.operations[open]!;
      throw new CheckError(
        "BAD_HISTORY",
        `process ${process} calls ${f} while its ${before.f} of event ${before.invokedAt} is under way; ` +
          `expected the end of that call first (ok, fail or info)`,
        line,
      );
    }
    this.events++;
    this.openByProcess.set(process, this.operations.length);
    this.operations.push({
      process,
      f,
      key,
      argument,
      result: null,
      outcome: "unknown",
      invokedAt: this.events,
      returnedAt: Infinity,
      invokedLine: line,
      returnedLine: 0,
    });
  }

  /**
   * The call under way of `process` ends. With `unknown` it stays open to the end of the history, and the process may call
   * again.
   *
   * @throws CheckError `BAD_HISTORY` if the process has no call under way, or one of another function or key.
   */
  complete(
    process: number,
    f: string,
    key: string,
    outcome: OperationOutcome,
    result: Value = null,
    line: number = 0,
  ): void {
    const open = this.openByProcess.get(process);
    if (open === undefined) {
      throw new CheckError(
        "BAD_HISTORY",
        `process ${process} ends a ${f} that it never called; expected its invoke before`,
        line,
      );
    }
    const call = this.operations[open]!;
    if (call.f !== f || call.key !== key) {
      throw new CheckError(
        "BAD_HISTORY",
        `process ${process} ends ${f} ${JSON.stringify(key)}; expected the end of its ${call.f} ${JSON.stringify(call.key)}`,
        line,
      );
    }
    this.openByProcess.delete(process);
    if (outcome === "unknown") return;
    this.events++;
    this.operations[open] = {
      process,
      f,
      key,
      argument: call.argument,
      result: outcome === "ok" ? result : null,
      outcome,
      invokedAt: call.invokedAt,
      returnedAt: this.events,
      invokedLine: call.invokedLine,
      returnedLine: line,
    };
  }

  /** What was recorded so far; calls under way have the outcome `unknown`. */
  history(): History {
    return { operations: this.operations.slice(), events: this.events };
  }
}

/**
 * The operations as somebody saw them who looked right after moment `end`: later calls are missing, and calls that were under
 * way have an unknown outcome.
 */
export function prefixOf(operations: readonly Operation[], end: number): Operation[] {
  const prefix: Operation[] = [];
  for (const operation of operations) {
    if (operation.invokedAt > end) continue;
    prefix.push(operation.returnedAt <= end ? operation : asOpen(operation));
  }
  return prefix;
}

function asOpen(operation: Operation): Operation {
  return {
    process: operation.process,
    f: operation.f,
    key: operation.key,
    argument: operation.argument,
    result: null,
    outcome: "unknown",
    invokedAt: operation.invokedAt,
    returnedAt: Infinity,
    invokedLine: operation.invokedLine,
    returnedLine: 0,
  };
}

/** The operations of each key, keys in the order in which they were first called. */
export function partitionByKey(operations: readonly Operation[]): Map<string, Operation[]> {
  const partitions: Map<string, Operation[]> = new Map();
  for (const operation of operations) {
    const partition = partitions.get(operation.key);
    if (partition === undefined) partitions.set(operation.key, [operation]);
    else partition.push(operation);
  }
  return partitions;
}
