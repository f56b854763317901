import { StateTable } from "./state-table.ts";

/** What must always hold did not. `invariant` is one of the ids A1 … O2, or `engine` for an assertion of the engine itself. */
export interface Violation {
  readonly invariant: string;
  readonly why: string;
}

/**
 * A system of processes that share nothing but a set of messages that never shrinks. A process is a local state together
 * with everything it ever said; a state of the system is one number for each of them.
 */
export interface System {
  /** Numbers in a state. */
  readonly width: number;
  readonly firsts: readonly (readonly number[])[];
  /** Writes each successor of `state` to `next`, which equals `state` before and must after, and calls `reached`. */
  successors(state: Int32Array, next: Int32Array, reached: () => void): void;
  /** What does not hold in `state`. */
  violation(state: Int32Array): Violation | null;
  /** Asked once everything was seen: what does not hold of the search itself, so that it proves nothing. */
  wrongAfterAll(): Violation | null;
  /** What happened between two neighbours, for people. */
  label(state: Int32Array, next: Int32Array): string;
}

/** Where a search ends before everything was seen. */
export interface Bounds {
  readonly statesMax: number;
  /** Of the process, in MiB. */
  readonly memoryMibMax: number;
  /** Found so many different invariants broken: enough. */
  readonly violationsMax: number;
}

/** A violation, and the shortest way there. */
export interface Found extends Violation {
  readonly depth: number;
  readonly trace: readonly string[];
}

/** What was seen. */
export interface Explored {
  /** Distinct states. */
  readonly states: number;
  /** States on the longest of the shortest ways: the first state has depth 1, as TLC counts. */
  readonly depth: number;
  readonly transitions: number;
  /** Every reachable state was seen. If not, `stopped` says why. */
  readonly complete: boolean;
  readonly stopped: string;
  readonly violations: readonly Found[];
}

/** Breadth-first, to the end or to the bounds. The first violation of each invariant is kept, by a shortest way. */
export function explore(system: System, bounds: Bounds, progress: (states: number, depth: number) => void): Explored {
  const table = new StateTable(system.width);
  const state = new Int32Array(system.width);
  const next = new Int32Array(system.width);
  const violations = new Map<string, Found>();
  let transitions = 0;
  let depth = 1;
  let index = 0;
  let stopped = "";

  const arrived = (parent: number): void => {
    transitions++;
    if (!table.add(next, parent)) return;
    const violation = system.violation(next);
    if (violation === null || violations.has(violation.invariant)) return;
    const trace = traceOf(system, table, table.size - 1);
    violations.set(violation.invariant, { ...violation, depth: trace.length, trace });
  };

  for (const first of system.firsts) {
    next.set(first);
    arrived(-1);
  }
  transitions = 0;
  for (let levelEnd = table.size; index < table.size && stopped === ""; levelEnd = table.size) {
    for (; index < levelEnd; index++) {
      if (violations.size >= bounds.violationsMax) stopped = `${violations.size} violations found`;
      else if (table.size >= bounds.statesMax) stopped = `${bounds.statesMax} states seen`;
      else if ((index & 0xffff) === 0 && residentMib() > bounds.memoryMibMax)
        stopped = `${bounds.memoryMibMax} MiB used`;
      if (stopped !== "") break;
      table.read(index, state);
      next.set(state);
      system.successors(state, next, () => arrived(index));
    }
    if (table.size > levelEnd) depth++;
    progress(table.size, depth);
  }
  const complete = stopped === "";
  const wrong = complete ? system.wrongAfterAll() : null;
  if (wrong !== null) violations.set(wrong.invariant, { ...wrong, depth, trace: [] });
  return { states: table.size, depth, transitions, complete, stopped, violations: [...violations.values()] };
}

function residentMib(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}

function traceOf(system: System, table: StateTable, last: number): string[] {
  const indexes: number[] = [];
  for (let index = last; index >= 0; index = table.parentOf(index)) indexes.unshift(index);
  const from = new Int32Array(system.width);
  const to = new Int32Array(system.width);
  return indexes.slice(1).map((index, at) => {
    table.read(indexes[at]!, from);
    table.read(index, to);
    return system.label(from, to);
  });
}
