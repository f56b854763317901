/**
 * The words of the key-value machine, as numeric tuples: what stands in the log, in a reply and in a watch. A tag once
 * given is never given a second meaning.
 */

/** Which keys. `KEY`: the one named `from`. `PREFIX`: all that start with `from`. `SPAN`: `from` … before `end`; an empty `end` is the end of the store. */
export type KeyRange = readonly [kind: number, from: string, end: string];
export const RANGE_KEY = 1;
export const RANGE_PREFIX = 2;
export const RANGE_SPAN = 3;

export const OP_PUT = 1;
export const OP_DELETE = 2;
export const OP_COMPARE_AND_SET = 3;
export const OP_INCREMENT = 4;
export const OP_APPEND = 5;
export const OP_TRANSACTION = 6;
export const OP_RANGE = 7;
export const OP_COMPACT = 8;

/** Answer with the state of the key before the operation. */
export const FLAG_PREVIOUS = 1;
/** Bind the key to the caller's session: it is deleted when that ends. */
export const FLAG_EPHEMERAL = 2;
/** Keep the value the key has; it must exist. */
export const FLAG_KEEP_VALUE = 4;
/** Keep the session and the expiry the key has, if it exists. */
export const FLAG_KEEP_LIFETIME = 8;
/** From the last key to the first. */
export const FLAG_DESCENDING = 16;
/** Leave the values out. */
export const FLAG_KEYS_ONLY = 32;
/** Only say how many. */
export const FLAG_COUNT_ONLY = 64;
/** Of a watch: leave puts out. */
export const FLAG_NO_PUTS = 128;
/** Of a watch: leave deletes out. */
export const FLAG_NO_DELETES = 256;

/** `value` is null exactly with `FLAG_KEEP_VALUE`. `ttlMs` of log time; 0: does not expire. */
export type Put = readonly [op: 1, key: string, value: Uint8Array | null, flags: number, ttlMs: number];
/** At most `limit` keys, from the first; 0: as many as a step may change. */
export type Delete = readonly [op: 2, range: KeyRange, limit: number, flags: number];
/** What a key is compared with: nothing (it must be absent), a value, or the revision that last changed it. */
export type Expected = readonly [0] | readonly [1, value: Uint8Array] | readonly [2, modRevision: number];
/** Puts `value`, or deletes where it is null, if the key is as expected. */
export type CompareAndSet = readonly [
  op: 3,
  key: string,
  expected: Expected,
  value: Uint8Array | null,
  flags: number,
  ttlMs: number,
];
/** Adds `by` to the decimal number the key holds; an absent key counts as 0. Session and expiry stay. */
export type Increment = readonly [op: 4, key: string, by: number];
/** Puts `tail` behind the value; an absent key counts as empty. Session and expiry stay. */
export type Append = readonly [op: 5, key: string, tail: Uint8Array];
/** All of `compares` hold → `then`, otherwise `otherwise`; in one revision, or nothing of it. */
export type Transaction = readonly [
  op: 6,
  compares: readonly Compare[],
  then: readonly TransactionPart[],
  otherwise: readonly TransactionPart[],
];
/** `after`: only keys behind this one in the order asked for; empty: from the start. `limit` 0: a full page. */
export type Range = readonly [op: 7, range: KeyRange, after: string, limit: number, flags: number];
/** Forget the changes up to `revision`. */
export type Compact = readonly [op: 8, revision: number];

export type TransactionPart = Put | Delete | CompareAndSet | Increment | Append | Transaction | Range;
export type Command = TransactionPart | Compact;

export const COMPARE_VALUE = 1;
export const COMPARE_VERSION = 2;
export const COMPARE_CREATE_REVISION = 3;
export const COMPARE_MOD_REVISION = 4;
export const COMPARE_SESSION = 5;
export const COMPARE_LOCK_HELD = 6;
export const COMPARE_SESSION_LIVES = 7;

export const EQUAL = 1;
export const NOT_EQUAL = 2;
export const LESS = 3;
export const GREATER = 4;

/**
 * Of one key, or of every key there is in a range. An absent key has version, revisions and session 0, and no value: it
 * differs from every value, and is neither less nor greater.
 */
export type CompareKey =
  | readonly [target: 1, range: KeyRange, operator: number, operand: Uint8Array]
  | readonly [target: 2 | 3 | 4 | 5, range: KeyRange, operator: number, operand: number];
/** Whether the lock is held under this fencing token, as of this step of the log. */
export type CompareLock = readonly [target: 6, lock: string, token: number];
export type CompareSession = readonly [target: 7, session: number];
export type Compare = CompareKey | CompareLock | CompareSession;

/** A key as told to a client. `value` is null where values were left out. `session` and `expiresAtMs` (log time): 0 is none. */
export type KeyTuple = readonly [
  key: string,
  value: Uint8Array | null,
  createRevision: number,
  modRevision: number,
  version: number,
  session: number,
  expiresAtMs: number,
];

export type RefusalCode =
  "TOO_LARGE" | "TOO_MANY" | "STORE_FULL" | "KEY_ABSENT" | "NOT_A_NUMBER" | "OUT_OF_RANGE" | "NO_SESSION" | "COMPACTED";

/** Nothing was changed. `size` of `subject` was met, `limit` is the bound it broke; 0 where there is none. */
export type Refused = readonly [result: 0, code: RefusalCode, subject: string, size: number, limit: number];
export const REFUSED = 0;

export type PutDone = readonly [result: 1, previous: KeyTuple | null];
/** The answer to most puts: this very one, so that it need be encoded once. */
export const PUT_DONE: PutDone = [1, null];
/** `previous` is empty unless asked for; `more`: keys of the range were left because of the limit. */
export type DeleteDone = readonly [result: 2, count: number, previous: readonly KeyTuple[], more: boolean];
/** `found`: the key as it was before; null: absent. */
export type CompareAndSetDone = readonly [result: 3, swapped: boolean, found: KeyTuple | null];
export type IncrementDone = readonly [result: 4, value: number];
export type AppendDone = readonly [result: 5, bytes: number];
export type TransactionDone = readonly [result: 6, succeeded: boolean, results: readonly PartDone[]];
/** `next`: go on after this key; empty: that was all. `count` of the keys of this page. */
export type RangeDone = readonly [result: 7, entries: readonly KeyTuple[], count: number, next: string];
export type CompactDone = readonly [result: 8, compactedTo: number];

export type PartDone =
  PutDone | DeleteDone | CompareAndSetDone | IncrementDone | AppendDone | TransactionDone | RangeDone;
export type Result = Refused | PartDone | CompactDone;

export const QUERY_GET = 1;
export const QUERY_RANGE = 2;
export const QUERY_STATUS = 3;
/** `atRevision`: the state after all steps up to this one; 0: now. */
export type Query =
  | readonly [query: 1, key: string, atRevision: number]
  | readonly [query: 2, range: KeyRange, after: string, limit: number, flags: number, atRevision: number]
  | readonly [query: 3];
export type GetAnswer = readonly [answer: 1, entry: KeyTuple | null];
/** `bytes` as `sizeOf` counts them; the history reaches from behind `compactedTo` to `lastRevision`, the last that changed a key. */
export type StatusAnswer = readonly [
  answer: 3,
  keys: number,
  bytes: number,
  lastRevision: number,
  compactedTo: number,
  historyRevisions: number,
  historyBytes: number,
];
export type Answer = Refused | GetAnswer | RangeDone | StatusAnswer;

/** Everything in `range` that changes after `afterRevision`. `flags`: previous, keys-only, no-puts, no-deletes. */
export type WatchRequest = readonly [range: KeyRange, afterRevision: number, flags: number];

export const CAUSE_COMMAND = 0;
export const CAUSE_EXPIRED = 1;
export const CAUSE_SESSION_ENDED = 2;
/** `entry` is null for a delete; `previous` is null unless asked for, and where the key was absent. */
export type ChangeTuple = readonly [key: string, entry: KeyTuple | null, previous: KeyTuple | null, cause: number];

export const EVENT_CHANGES = 1;
export const EVENT_PROGRESS = 2;
export const EVENT_COMPACTED = 3;
/**
 * `changes`: what one revision did to the watched keys, in `fragment` 0, 1, … until `last`; one fragment unless it is very large.
 * `progress`: all events up to `revision` have been told. `compacted`: what followed the asked revision is gone up to this
 * one, and the watch is over.
 */
export type Event =
  | readonly [event: 1, revision: number, changes: readonly ChangeTuple[], fragment: number, last: boolean]
  | readonly [event: 2, revision: number]
  | readonly [event: 3, revision: number];

/** The six types of this machine. */
export interface KvShape {
  command: Command;
  result: Result;
  query: Query;
  answer: Answer;
  watch: WatchRequest;
  event: Event;
}
