import {
  COMPARE_CREATE_REVISION,
  COMPARE_LOCK_HELD,
  COMPARE_MOD_REVISION,
  COMPARE_SESSION_LIVES,
  COMPARE_VALUE,
  COMPARE_VERSION,
  type Compare,
  type CompareKey,
  EQUAL,
  GREATER,
  LESS,
  NOT_EQUAL,
  RANGE_KEY,
} from "./command.ts";
import type { KeyState } from "./key-state.ts";
import { boundsOf } from "./range.ts";
import type { Step } from "./step.ts";

/** Order of byte strings: byte by byte, the shorter first. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const difference = (left[index] as number) - (right[index] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Whether a comparison of a transaction holds, as of what the step has done so far. */
export function holds(step: Step, compare: Compare): boolean {
  if (compare[0] === COMPARE_LOCK_HELD) return step.neighbours.holdsLock(compare[1], compare[2]);
  if (compare[0] === COMPARE_SESSION_LIVES) return step.neighbours.sessionLives(compare[1]);
  const range = compare[1];
  if (range[0] === RANGE_KEY) return keyHolds(step.store.get(range[1]), compare);
  for (const state of step.store.statesIn(boundsOf(range), "", false)) {
    if (!keyHolds(state, compare)) return false;
  }
  return true;
}

function keyHolds(state: KeyState | null, compare: CompareKey): boolean {
  const operator = compare[2];
  if (compare[0] === COMPARE_VALUE) {
    if (state === null) return operator === NOT_EQUAL;
    return orderHolds(compareBytes(state.value, compare[3]), operator);
  }
  return orderHolds(numberOf(state, compare[0]) - compare[3], operator);
}

function numberOf(state: KeyState | null, target: number): number {
  if (state === null) return 0;
  if (target === COMPARE_VERSION) return state.version;
  if (target === COMPARE_CREATE_REVISION) return state.createRevision;
  if (target === COMPARE_MOD_REVISION) return state.modRevision;
  return state.session;
}

function orderHolds(order: number, operator: number): boolean {
  if (operator === EQUAL) return order === 0;
  if (operator === NOT_EQUAL) return order !== 0;
  if (operator === LESS) return order < 0;
  return operator === GREATER && order > 0;
}
