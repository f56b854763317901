import type { CallOptions } from "@quorate/machine";
import {
  type Compare,
  COMPARE_CREATE_REVISION,
  COMPARE_LOCK_HELD,
  COMPARE_MOD_REVISION,
  COMPARE_SESSION,
  COMPARE_SESSION_LIVES,
  COMPARE_VALUE,
  COMPARE_VERSION,
  EQUAL,
  type Expected,
  FLAG_COUNT_ONLY,
  FLAG_DESCENDING,
  FLAG_EPHEMERAL,
  FLAG_KEEP_LIFETIME,
  FLAG_KEEP_VALUE,
  FLAG_KEYS_ONLY,
  FLAG_PREVIOUS,
  GREATER,
  LESS,
  NOT_EQUAL,
  type PartDone,
  type Transaction,
  type TransactionPart,
} from "../machine/command.ts";
import {
  bytesOfValue,
  checkedKey,
  entryOf,
  KvEntry,
  type KvRange,
  type LifetimeOptions,
  rangeTuple,
  type Value,
} from "./entry.ts";

/** How two things are compared. */
export type Operator = "=" | "!=" | "<" | ">";

const OPERATORS: Readonly<Record<Operator, number>> = { "=": EQUAL, "!=": NOT_EQUAL, "<": LESS, ">": GREATER };

/** Opaque: made by `compare`. */
export interface Condition {
  readonly tuple: Compare;
}

/** Opaque: made by `operation`. */
export interface Operation {
  readonly tuple: TransactionPart;
}

/** One key, or all keys there are in a range. */
export type Compared = string | KvRange;

function comparedRange(compared: Compared): ReturnType<typeof rangeTuple> {
  return rangeTuple(typeof compared === "string" ? { key: compared } : compared);
}

function numbers(target: 2 | 3 | 4 | 5): (compared: Compared, operator: Operator, operand: number) => Condition {
  return (compared, operator, operand) => ({
    tuple: [target, comparedRange(compared), OPERATORS[operator], operand],
  });
}

/** The vocabulary of conditions; see `compare`. */
export interface Comparisons {
  /** Byte by byte. An absent key differs from every value. */
  value(compared: Compared, operator: Operator, operand: Value): Condition;
  /** 0 for an absent key, as for the three below. */
  version(compared: Compared, operator: Operator, operand: number): Condition;
  createRevision(compared: Compared, operator: Operator, operand: number): Condition;
  modRevision(compared: Compared, operator: Operator, operand: number): Condition;
  session(compared: Compared, operator: Operator, operand: number): Condition;
  /** There is no such key. */
  absent(key: string): Condition;
  /** There is such a key. */
  present(key: string): Condition;
  /** The lock is held under this fencing token, in the same log, at the same step: what makes a write fenced. */
  lockHeld(lock: string, token: number): Condition;
  /** The session has not ended. */
  sessionLives(session: number): Condition;
}

/** Makes the conditions of a transaction. Of a range: it holds for every key that is there. */
export const compare: Comparisons = {
  value: (compared, operator, operand) => ({
    tuple: [COMPARE_VALUE, comparedRange(compared), OPERATORS[operator], bytesOfValue(operand)],
  }),
  version: numbers(COMPARE_VERSION),
  createRevision: numbers(COMPARE_CREATE_REVISION),
  modRevision: numbers(COMPARE_MOD_REVISION),
  session: numbers(COMPARE_SESSION),
  absent: (key) => ({ tuple: [COMPARE_VERSION, comparedRange(key), EQUAL, 0] }),
  present: (key) => ({ tuple: [COMPARE_VERSION, comparedRange(key), GREATER, 0] }),
  lockHeld: (lock, token) => ({ tuple: [COMPARE_LOCK_HELD, lock, token] }),
  sessionLives: (session) => ({ tuple: [COMPARE_SESSION_LIVES, session] }),
};

/** What a compare-and-set expects: this value, a key that is absent (null), or one last changed at this revision. */
export type ExpectedState = Value | null | { readonly modRevision: number };

export function expectedTuple(expected: ExpectedState): Expected {
  if (expected === null) return [0];
  if (typeof expected === "string" || expected instanceof Uint8Array) return [1, bytesOfValue(expected)];
  return [2, expected.modRevision];
}

export function lifetimeFlags(options: LifetimeOptions): number {
  return (options.ephemeral === true ? FLAG_EPHEMERAL : 0) | (options.keepLifetime === true ? FLAG_KEEP_LIFETIME : 0);
}

/** The vocabulary of operations; see `operation`. */
export interface Operations {
  put(key: string, value: Value, options?: LifetimeOptions & { readonly previous?: boolean }): Operation;
  /** Another lifetime for a key that must be there, with the value it has. */
  touch(key: string, options?: LifetimeOptions): Operation;
  delete(key: string, options?: { readonly previous?: boolean }): Operation;
  /** `limit`: keys at most, from the first; default: all. */
  deleteRange(range: KvRange, options?: { readonly previous?: boolean; readonly limit?: number }): Operation;
  /** Puts `value`, or deletes where it is null, if the key is as expected. */
  compareAndSet(key: string, expected: ExpectedState, value: Value | null, options?: LifetimeOptions): Operation;
  /** Adds to the decimal number that the key holds; an absent key counts as 0. */
  increment(key: string, by?: number): Operation;
  /** Puts bytes behind the value; an absent key counts as empty. */
  append(key: string, tail: Value): Operation;
  get(key: string): Operation;
  /** One page, as the transaction sees it at this place. */
  range(range: KvRange, options?: RangeOperationOptions): Operation;
  /** A transaction within: it counts as one operation, with conditions of its own. */
  transaction(when: readonly Condition[], then: readonly Operation[], otherwise?: readonly Operation[]): Operation;
}

/** Options of a range within a transaction: as `RangeOptions`. */
export interface RangeOperationOptions {
  readonly limit?: number;
  readonly after?: string;
  readonly descending?: boolean;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

/** The flags of a range. */
export function rangeFlags(options: RangeOperationOptions): number {
  return (
    (options.descending === true ? FLAG_DESCENDING : 0) |
    (options.keysOnly === true ? FLAG_KEYS_ONLY : 0) |
    (options.countOnly === true ? FLAG_COUNT_ONLY : 0)
  );
}

function previousFlag(options: { readonly previous?: boolean }): number {
  return options.previous === true ? FLAG_PREVIOUS : 0;
}

/** Makes the operations of a transaction; each sees what those before it did. */
export const operation: Operations = {
  put: (key, value, options = {}) => ({
    tuple: [
      1,
      checkedKey(key),
      bytesOfValue(value),
      lifetimeFlags(options) | previousFlag(options),
      options.ttlMs ?? 0,
    ],
  }),
  touch: (key, options = {}) => ({
    tuple: [1, checkedKey(key), null, FLAG_KEEP_VALUE | lifetimeFlags(options), options.ttlMs ?? 0],
  }),
  delete: (key, options = {}) => ({ tuple: [2, rangeTuple({ key }), 0, previousFlag(options)] }),
  deleteRange: (range, options = {}) => ({
    tuple: [2, rangeTuple(range), options.limit ?? 0, previousFlag(options)],
  }),
  compareAndSet: (key, expected, value, options = {}) => ({
    tuple: [
      3,
      checkedKey(key),
      expectedTuple(expected),
      value === null ? null : bytesOfValue(value),
      lifetimeFlags(options),
      options.ttlMs ?? 0,
    ],
  }),
  increment: (key, by = 1) => ({ tuple: [4, checkedKey(key), by] }),
  append: (key, tail) => ({ tuple: [5, checkedKey(key), bytesOfValue(tail)] }),
  get: (key) => ({ tuple: [7, rangeTuple({ key }), "", 1, 0] }),
  range: (range, options = {}) => ({
    tuple: [7, rangeTuple(range), options.after ?? "", options.limit ?? 0, rangeFlags(options)],
  }),
  transaction: (when, then, otherwise = []) => ({ tuple: transactionTuple(when, then, otherwise) }),
};

export function transactionTuple(
  when: readonly Condition[],
  then: readonly Operation[],
  otherwise: readonly Operation[],
): Transaction {
  const tuples = (operations: readonly Operation[]): TransactionPart[] => operations.map((each) => each.tuple);
  return [6, when.map((each) => each.tuple), tuples(then), tuples(otherwise)];
}

/** What an operation of a transaction answered; by `type`. */
export type OperationResult =
  | { readonly type: "put"; readonly previous: KvEntry | null }
  | {
      readonly type: "delete";
      readonly count: number;
      readonly previous: readonly KvEntry[];
      readonly more: boolean;
    }
  | { readonly type: "compareAndSet"; readonly swapped: boolean; readonly found: KvEntry | null }
  | { readonly type: "increment"; readonly value: number }
  | { readonly type: "append"; readonly bytes: number }
  | { readonly type: "transaction"; readonly succeeded: boolean; readonly results: readonly OperationResult[] }
  | { readonly type: "range"; readonly entries: readonly KvEntry[]; readonly count: number; readonly next: string };

export function resultOf(done: PartDone): OperationResult {
  switch (done[0]) {
    case 1:
      return { type: "put", previous: entryOf(done[1]) };
    case 2:
      return { type: "delete", count: done[1], previous: done[2].map((each) => new KvEntry(each)), more: done[3] };
    case 3:
      return { type: "compareAndSet", swapped: done[1], found: entryOf(done[2]) };
    case 4:
      return { type: "increment", value: done[1] };
    case 5:
      return { type: "append", bytes: done[1] };
    case 6:
      return { type: "transaction", succeeded: done[1], results: done[2].map(resultOf) };
    case 7:
      return { type: "range", entries: done[1].map((each) => new KvEntry(each)), count: done[2], next: done[3] };
  }
}

/** What a transaction did. */
export interface TransactionResult {
  /** Whether all conditions held, so that the operations of `do` were carried out; else those of `otherwise`. */
  readonly succeeded: boolean;
  /** One of each operation carried out, in order. */
  readonly results: readonly OperationResult[];
  /** Of all its changes. */
  readonly revision: number;
}

/** A transaction in the making: `kv.transaction().when(…).do(…).otherwise(…).commit()`. */
export class TransactionBuilder {
  readonly #send: (tuple: Transaction, options: CallOptions) => Promise<TransactionResult>;
  readonly #when: Condition[] = [];
  readonly #do: Operation[] = [];
  readonly #otherwise: Operation[] = [];

  constructor(send: (tuple: Transaction, options: CallOptions) => Promise<TransactionResult>) {
    this.#send = send;
  }

  /** Adds conditions; all must hold. */
  when(...conditions: readonly Condition[]): this {
    this.#when.push(...conditions);
    return this;
  }

  /** Adds operations for when they do. */
  do(...operations: readonly Operation[]): this {
    this.#do.push(...operations);
    return this;
  }

  /** Adds operations for when they do not. */
  otherwise(...operations: readonly Operation[]): this {
    this.#otherwise.push(...operations);
    return this;
  }

  /** Carries it out, in one revision, or nothing of it. Throws KvError where one operation is refused. */
  commit(options: CallOptions = {}): Promise<TransactionResult> {
    return this.#send(transactionTuple(this.#when, this.#do, this.#otherwise), options);
  }
}
