import {
  type Append,
  type CompareAndSet,
  type Delete,
  type Expected,
  FLAG_EPHEMERAL,
  FLAG_KEEP_LIFETIME,
  FLAG_KEEP_VALUE,
  FLAG_PREVIOUS,
  type Increment,
  type KeyTuple,
  OP_APPEND,
  OP_COMPARE_AND_SET,
  OP_DELETE,
  OP_INCREMENT,
  OP_PUT,
  OP_RANGE,
  type PartDone,
  type Put,
  PUT_DONE,
  type Range,
  type Refused,
  REFUSED,
  type Transaction,
  type TransactionPart,
} from "./command.ts";
import { compareBytes, holds } from "./compare.ts";
import { type KeyState, keyTuple } from "./key-state.ts";
import { boundsOf, isDescending, pageOf } from "./range.ts";
import type { Lifetime, Step } from "./step.ts";

const FOREVER: Lifetime = { session: 0, expiresAtMs: 0 };

/**
 * Carries out one operation; a transaction calls it for each of its parts. A refusal is of the whole command: the caller at the
 * top rolls the step back.
 */
export function carryOut(step: Step, part: TransactionPart, depth: number): PartDone | Refused {
  const refused = countOperations(step, 1);
  if (refused !== null) return refused;
  switch (part[0]) {
    case OP_PUT:
      return put(step, part);
    case OP_DELETE:
      return remove(step, part);
    case OP_COMPARE_AND_SET:
      return compareAndSet(step, part);
    case OP_INCREMENT:
      return increment(step, part);
    case OP_APPEND:
      return append(step, part);
    case OP_RANGE:
      return range(step, part);
    default:
      return transaction(step, part, depth);
  }
}

function transaction(step: Step, part: Transaction, depth: number): PartDone | Refused {
  const { nestingMax } = step.limits;
  if (depth > nestingMax) return [0, "TOO_MANY", "nested transactions", depth, nestingMax];
  const [, compares, then, otherwise] = part;
  const refused = countOperations(step, compares.length);
  if (refused !== null) return refused;
  const succeeded = compares.every((compare) => holds(step, compare));
  const results: PartDone[] = [];
  for (const each of succeeded ? then : otherwise) {
    const result = carryOut(step, each, depth + 1);
    if (result[0] === REFUSED) return result;
    results.push(result);
  }
  return [6, succeeded, results];
}

const NO_VALUE = new Uint8Array(0);
function put(step: Step, [, key, value, flags, ttlMs]: Put): PartDone | Refused {
  if (flags === 0 && ttlMs === 0) return step.put(key, value ?? NO_VALUE, FOREVER) ?? PUT_DONE;
  const before = step.store.get(key);
  const keepsValue = (flags & FLAG_KEEP_VALUE) !== 0;
  if (keepsValue && before === null) return [0, "KEY_ABSENT", key, 0, 0];
  const next = keepsValue && before !== null ? before.value : (value ?? NO_VALUE);
  const refused = putWith(step, key, before, next, flags, ttlMs);
  return refused ?? [1, (flags & FLAG_PREVIOUS) === 0 ? null : told(before)];
}

function remove(step: Step, [, range, limit, flags]: Delete): PartDone | Refused {
  const wanted = limit === 0 ? step.limits.changesMax + 1 : limit;
  const keys: string[] = [];
  let more = false;
  for (const { key } of step.store.statesIn(boundsOf(range), "", false)) {
    if (keys.length === wanted) {
      more = true;
      break;
    }
    keys.push(key);
  }
  const previous: KeyTuple[] = [];
  for (const key of keys) {
    if ((flags & FLAG_PREVIOUS) !== 0) previous.push(keyTuple(step.store.get(key) as KeyState, true));
    const refused = step.delete(key);
    if (refused !== null) return refused;
  }
  return [2, keys.length, previous, more];
}

function compareAndSet(step: Step, [, key, expected, value, flags, ttlMs]: CompareAndSet): PartDone | Refused {
  const before = step.store.get(key);
  const found = told(before);
  if (!isAsExpected(before, expected)) return [3, false, found];
  const refused =
    value !== null ? putWith(step, key, before, value, flags, ttlMs) : before !== null ? step.delete(key) : null;
  return refused ?? [3, true, found];
}

function isAsExpected(state: KeyState | null, expected: Expected): boolean {
  if (expected[0] === 0) return state === null;
  if (state === null) return false;
  return expected[0] === 1 ? compareBytes(state.value, expected[1]) === 0 : state.modRevision === expected[1];
}

function increment(step: Step, [, key, by]: Increment): PartDone | Refused {
  const before = step.store.get(key);
  const current = before === null ? 0 : numberOf(before.value);
  if (current === null) return [0, "NOT_A_NUMBER", key, 0, 0];
  const sum = current + by;
  if (!Number.isSafeInteger(sum)) return [0, "OUT_OF_RANGE", key, 0, 0];
  return step.put(key, asciiOf(String(sum)), before ?? FOREVER) ?? [4, sum];
}

function append(step: Step, [, key, tail]: Append): PartDone | Refused {
  const before = step.store.get(key);
  const head = before === null ? NO_VALUE : before.value;
  const bytes = head.length + tail.length;
  if (bytes > step.limits.valueBytesMax) return [0, "TOO_LARGE", key, bytes, step.limits.valueBytesMax];
  const value = new Uint8Array(bytes);
  value.set(head, 0);
  value.set(tail, head.length);
  return step.put(key, value, before ?? FOREVER) ?? [5, bytes];
}

function range(step: Step, [, keys, after, limit, flags]: Range): PartDone {
  const states = step.store.statesIn(boundsOf(keys), after, isDescending(flags));
  return pageOf(states, limit, flags, step.limits);
}

function putWith(
  step: Step,
  key: string,
  before: KeyState | null,
  value: Uint8Array,
  flags: number,
  ttlMs: number,
): Refused | null {
  if ((flags & FLAG_KEEP_LIFETIME) !== 0) return step.put(key, value, before ?? FOREVER);
  const ephemeral = (flags & FLAG_EPHEMERAL) !== 0;
  if (ephemeral && step.session === 0) return [0, "NO_SESSION", key, 0, 0];
  return step.put(key, value, {
    session: ephemeral ? step.session : 0,
    expiresAtMs: ttlMs === 0 ? 0 : step.logTimeMs + ttlMs,
  });
}

function countOperations(step: Step, count: number): Refused | null {
  step.operations += count;
  const { operationsMax } = step.limits;
  return step.operations > operationsMax ? [0, "TOO_MANY", "operations", step.operations, operationsMax] : null;
}

function told(state: KeyState | null): KeyTuple | null {
  return state === null ? null : keyTuple(state, true);
}

const DECIMAL = /^(?:0|-?[1-9][0-9]{0,15})$/;

/** The number that a value spells in plain decimal; null: it spells none, or one beyond 2^53. */
function numberOf(value: Uint8Array): number | null {
  if (value.length > 17) return null;
  const text = String.fromCharCode(...value);
  if (!DECIMAL.test(text)) return null;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : null;
}

function asciiOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
