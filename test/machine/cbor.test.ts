import assert from "node:assert/strict";
import { test } from "node:test";
import { cbor, CBOR_DEPTH_MAX, checkInt, checkTuple, decodeCbor, encodeCbor } from "@quorate/machine";
import { Decoder, Encoder } from "cbor-x";
import fc from "fast-check";

const text = fc.string({ unit: "grapheme", maxLength: 100 });
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, undefined, true, false),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    text,
    fc.string({ unit: "grapheme", minLength: 60, maxLength: 400 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 30 }),
    fc.dictionary(text, tie("value"), { maxKeys: 30 }).map((object) => ({ ...object })),
  ),
}));

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

test("every value comes back as it was, −0, NaN and keys like __proto__ included", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      assert.deepEqual(decodeCbor(encodeCbor(value)), value);
    }),
    { seed: 1, numRuns: 500 },
  );
  for (const value of [
    -0,
    NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    -(2 ** 53),
    1e300,
    5e-324,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ]) {
    assert.ok(Object.is(decodeCbor(encodeCbor(value)), value), String(value));
  }
  const named = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}') as object;
  const decoded = decodeCbor(encodeCbor(named)) as object;
  assert.deepEqual(Object.keys(decoded).sort(), ["__proto__", "constructor"]);
  assert.equal(Object.getPrototypeOf(decoded), Object.prototype);
});

test("the examples of RFC 8949, appendix A, that are spoken here", () => {
  const examples: readonly (readonly [value: unknown, bytes: string])[] = [
    [0, "00"],
    [23, "17"],
    [24, "1818"],
    [1000, "1903e8"],
    [1000000, "1a000f4240"],
    [1000000000000, "1b000000e8d4a51000"],
    [-1, "20"],
    [-100, "3863"],
    [-1000, "3903e7"],
    [1.1, "fb3ff199999999999a"],
    [1e300, "fb7e37e43c8800759c"],
    [false, "f4"],
    [true, "f5"],
    [null, "f6"],
    [undefined, "f7"],
    [Uint8Array.of(1, 2, 3, 4), "4401020304"],
    ["IETF", "6449455446"],
    ["\u00fc", "62c3bc"],
    ["\u6c34", "63e6b0b4"],
    ["\ud800\udd51", "64f0908591"],
    [[1, [2, 3], [4, 5]], "8301820203820405"],
    [{ a: 1, b: [2, 3] }, "a26161016162820203"],
  ];
  for (const [value, bytes] of examples) {
    assert.equal(hex(encodeCbor(value)), bytes);
    assert.deepEqual(decodeCbor(Buffer.from(bytes, "hex")), value);
  }
});

test("another implementation reads what is written here, and its plain values are read here", () => {
  const theirs = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false });
  const reader = new Decoder({ useRecords: false, mapsAsObjects: true, int64AsNumber: true } as object);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.boolean(), fc.constant(null), text, fc.array(fc.nat()))),
      (value) => {
        assert.deepEqual(reader.decode(encodeCbor(value)), value);
      },
    ),
    { seed: 2 },
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(), fc.boolean(), text, fc.array(fc.nat()))), (value) => {
      assert.deepEqual(decodeCbor(theirs.encode(value)), value);
    }),
    { seed: 3 },
  );
});

test("equal objects give equal bytes, however their keys came in", () => {
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 12 }), (keys) => {
      const forwards = Object.fromEntries(keys.map((key) => [key, key.length]));
      const backwards = Object.fromEntries(keys.toReversed().map((key) => [key, key.length]));
      assert.equal(hex(encodeCbor(forwards)), hex(encodeCbor(backwards)));
    }),
    { seed: 4 },
  );
});

test("keys stand in the order of their encoded bytes, surrogate pairs too", () => {
  // U+FFFD is before U+1F600 in UTF-8, and after it in UTF-16; both of these take seven bytes.
  const keys = ["\u{1f600}abc", "\ufffd\ufffdx", "b", "aa", ""];
  const order = [...keys].sort((a, b) => Buffer.compare(encodeCbor(a), encodeCbor(b)));
  assert.deepEqual(
    Object.keys(decodeCbor(encodeCbor(Object.fromEntries(keys.map((key) => [key, 0])))) as object),
    order,
  );
});

test("what decodes encodes to the same bytes: there is one encoding per value", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 12 }), (bytes) => {
      let value: unknown;
      try {
        value = decodeCbor(bytes);
      } catch (error) {
        assert.ok(error instanceof TypeError);
        return;
      }
      assert.equal(hex(encodeCbor(value)), hex(bytes));
    }),
    { seed: 5, numRuns: 5000 },
  );
});

test("other forms of the same value, tags, indefinite lengths and bad text are refused", () => {
  const refused: readonly (readonly [why: string, bytes: string])[] = [
    ["nothing", ""],
    ["two values", "0000"],
    ["1 in two bytes", "1801"],
    ["255 in three bytes", "1900ff"],
    ["65535 in five bytes", "1a0000ffff"],
    ["2^32 − 1 in nine bytes", "1b00000000ffffffff"],
    ["2^53", "1b0020000000000000"],
    ["−2^53", "3b001fffffffffffff"],
    ["an integer as a float", "fb3ff0000000000000"],
    ["half a float", "f93c00"],
    ["a single float", "fa47c35000"],
    ["another NaN", "fb7ff8000000000001"],
    ["simple value 16", "f0"],
    ["a date", "c11a514b67b0"],
    ["a big number", "c249010000000000000000"],
    ["a shared reference", "d81c80"],
    ["a text of indefinite length", "7f6161ff"],
    ["an array of indefinite length", "9f01ff"],
    ["a map of indefinite length", "bf616101ff"],
    ["a key that is a number", "a10102"],
    ["keys out of order", "a2616201616101"],
    ["a key twice", "a2616101616102"],
    ["a text that is not UTF-8", "62c328"],
    ["half a surrogate pair", "63eda080"],
    ["a text cut short", "6461"],
    ["bytes cut short", "5affffffff00"],
    ["an array of 2^32 − 1", "9affffffff"],
    ["a map of 2^31", "ba80000000"],
  ];
  for (const [why, bytes] of refused) assert.throws(() => decodeCbor(Buffer.from(bytes, "hex")), TypeError, why);
});

test("depth has a limit on both ways, so that no input exhausts the stack", () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  assert.deepEqual(decodeCbor(encodeCbor(nested(CBOR_DEPTH_MAX))), nested(CBOR_DEPTH_MAX));
  assert.throws(() => encodeCbor(nested(CBOR_DEPTH_MAX + 1)), /levels/);
  assert.throws(() => decodeCbor(new Uint8Array(1_000_000).fill(0x81)), /levels/);
  const cycle: unknown[] = [];
  cycle.push(cycle);
  assert.throws(() => encodeCbor(cycle), /levels/);
});

test("what has no place in it is refused, not bent", () => {
  class Own {}
  for (const value of [
    1n,
    Symbol("a"),
    () => 1,
    new Date(0),
    new Map(),
    new Set(),
    /a/,
    new Own(),
    "\ud800",
    "a".repeat(100) + "\udc00",
  ]) {
    assert.throws(() => encodeCbor([value]), TypeError);
  }
  assert.deepEqual(decodeCbor(encodeCbor([1])), [1], "a refusal leaves the encoder usable");
});

test("decoded bytes are copies: a small value pins no large frame, nor changes with it", () => {
  const frame = Buffer.alloc(1 << 20);
  const encoded = encodeCbor([Uint8Array.of(1, 2, 3)]);
  frame.set(encoded, 500);
  const [value] = decodeCbor(frame.subarray(500, 500 + encoded.length)) as [Uint8Array];
  frame.fill(0xff);
  assert.deepEqual(value, Uint8Array.of(1, 2, 3));
  assert.equal(value.buffer.byteLength, 3);
  assert.equal(value.constructor, Uint8Array);
});

test("encoded bytes are exactly as long as needed and shared with nobody", () => {
  const first = encodeCbor("a");
  const second = encodeCbor("b");
  assert.equal(first.buffer.byteLength, 2);
  assert.notEqual(first.buffer, second.buffer);
  assert.equal(hex(first), "6161");
});

test("a value that encodes something itself while it is encoded disturbs nothing", () => {
  const value = {
    get a() {
      return hex(encodeCbor(["inner", 1]));
    },
    b: 2,
  };
  assert.deepEqual(decodeCbor(encodeCbor(value)), { a: "8265696e6e657201", b: 2 });
});

test("a codec returns only what its check returned", () => {
  const codec = cbor(checkTuple(checkInt(1, 9), checkInt(0, 0)));
  assert.deepEqual(codec.decode(codec.encode([5, 0])), [5, 0]);
  assert.throws(() => codec.decode(encodeCbor([5, 1])), /an integer from 0 to 0, got 1/);
});
