import {
  cbor,
  type Check,
  checkBoolean,
  checkBytes,
  checkInt,
  checkKinds,
  checkList,
  checkNullable,
  checkOneOf,
  checkText,
  checkTuple,
  type Codec,
} from "@quorate/machine";
import {
  type Command,
  type Compare,
  type Expected,
  type KeyRange,
  type KvShape,
  PUT_DONE,
  type TransactionPart,
} from "./command.ts";

/**
 * What can be decoded at all. These bounds only keep nonsense out; those that a store enforces, with an answer in words, are
 * `KvLimits`.
 */
const TEXT_MAX = 1 << 20;
const LIST_MAX = 1 << 20;
const NESTING_MAX = 16;

const revision = checkInt(0, Number.MAX_SAFE_INTEGER);
const count = revision;
const integer = checkInt(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
const bytes = checkBytes(Number.MAX_SAFE_INTEGER);
const text = checkText(TEXT_MAX);
const flags = checkInt(0, 511);
const logTimeMs: Check<number> = (value) => {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) throw new TypeError("expected a log time");
  return value;
};
/** A hundred years; longer is forever. */
const ttlMs = checkInt(0, 100 * 365 * 86_400_000);

const range: Check<KeyRange> = checkTuple(checkInt(1, 3), text, text);
const expected: Check<Expected> = checkKinds({
  0: checkTuple(checkOneOf(0)),
  1: checkTuple(checkOneOf(1), bytes),
  2: checkTuple(checkOneOf(2), revision),
});
const operator = checkInt(1, 4);
const compareNumber = checkTuple(checkOneOf(2, 3, 4, 5), range, operator, revision);
const compare: Check<Compare> = checkKinds({
  1: checkTuple(checkOneOf(1), range, operator, bytes),
  2: compareNumber,
  3: compareNumber,
  4: compareNumber,
  5: compareNumber,
  6: checkTuple(checkOneOf(6), text, revision),
  7: checkTuple(checkOneOf(7), revision),
});

const put = checkTuple(checkOneOf(1), text, checkNullable(bytes), flags, ttlMs);
const remove = checkTuple(checkOneOf(2), range, count, flags);
const compareAndSet = checkTuple(checkOneOf(3), text, expected, checkNullable(bytes), flags, ttlMs);
const increment = checkTuple(checkOneOf(4), text, integer);
const append = checkTuple(checkOneOf(5), text, bytes);
const rangePart = checkTuple(checkOneOf(7), range, text, count, flags);

function partAt(depth: number): Check<TransactionPart> {
  const parts = { 1: put, 2: remove, 3: compareAndSet, 4: increment, 5: append, 7: rangePart };
  if (depth === NESTING_MAX) return checkKinds(parts);
  const list = checkList(partAt(depth + 1), LIST_MAX);
  return checkKinds({ ...parts, 6: checkTuple(checkOneOf(6), checkList(compare, LIST_MAX), list, list) });
}

const part = partAt(0);
const compact = checkTuple(checkOneOf(8), revision);
const command: Check<Command> = (value) => (Array.isArray(value) && value[0] === 8 ? compact(value) : part(value));

const keyTuple = checkTuple(text, checkNullable(bytes), revision, revision, count, revision, logTimeMs);
const refused = checkTuple(
  checkOneOf(0),
  checkOneOf(
    "TOO_LARGE",
    "TOO_MANY",
    "STORE_FULL",
    "KEY_ABSENT",
    "NOT_A_NUMBER",
    "OUT_OF_RANGE",
    "NO_SESSION",
    "COMPACTED",
  ),
  text,
  count,
  count,
);
const rangeDone = checkTuple(checkOneOf(7), checkList(keyTuple, LIST_MAX), count, text);

function resultAt(depth: number): Check<KvShape["result"]> {
  const parts = {
    0: refused,
    1: checkTuple(checkOneOf(1), checkNullable(keyTuple)),
    2: checkTuple(checkOneOf(2), count, checkList(keyTuple, LIST_MAX), checkBoolean),
    3: checkTuple(checkOneOf(3), checkBoolean, checkNullable(keyTuple)),
    4: checkTuple(checkOneOf(4), integer),
    5: checkTuple(checkOneOf(5), count),
    7: rangeDone,
    8: checkTuple(checkOneOf(8), revision),
  };
  if (depth === NESTING_MAX) return checkKinds(parts);
  const list = checkList(resultAt(depth + 1), LIST_MAX);
  return checkKinds({ ...parts, 6: checkTuple(checkOneOf(6), checkBoolean, list) }) as Check<KvShape["result"]>;
}

const query: Check<KvShape["query"]> = checkKinds({
  1: checkTuple(checkOneOf(1), text, revision),
  2: checkTuple(checkOneOf(2), range, text, count, flags, revision),
  3: checkTuple(checkOneOf(3)),
});
const answer: Check<KvShape["answer"]> = checkKinds({
  0: refused,
  1: checkTuple(checkOneOf(1), checkNullable(keyTuple)),
  3: checkTuple(checkOneOf(3), count, count, revision, revision, count, count),
  7: rangeDone,
});

const change = checkTuple(text, checkNullable(keyTuple), checkNullable(keyTuple), checkInt(0, 2));
const event: Check<KvShape["event"]> = checkKinds({
  1: checkTuple(checkOneOf(1), revision, checkList(change, LIST_MAX), count, checkBoolean),
  2: checkTuple(checkOneOf(2), revision),
  3: checkTuple(checkOneOf(3), revision),
});

const resultCodec = cbor<KvShape["result"]>(resultAt(0));
const putDoneBytes = resultCodec.encode(PUT_DONE);

/** The words of the key-value machine in bytes; machine and client share them. Every field is checked as it is decoded. */
export const kvCodecs: { readonly [K in keyof KvShape]: Codec<KvShape[K]> } = {
  command: cbor<KvShape["command"]>(command),
  result: {
    encode: (result) => (result === PUT_DONE ? putDoneBytes : resultCodec.encode(result)),
    decode: resultCodec.decode,
  },
  query: cbor<KvShape["query"]>(query),
  answer: cbor<KvShape["answer"]>(answer),
  watch: cbor<KvShape["watch"]>(checkTuple(range, revision, flags)),
  event: cbor<KvShape["event"]>(event),
};
