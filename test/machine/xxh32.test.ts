import assert from "node:assert/strict";
import { test } from "node:test";
import { xxh32 } from "@quorate/machine";
import fc from "fast-check";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test("the hashes are those of other implementations", () => {
  assert.equal(xxh32(new Uint8Array(0)), 0x02cc5d05);
  assert.equal(xxh32(utf8("abc")), 0x32d153ff);
  assert.equal(xxh32(utf8("Nobody inspects the spammish repetition")), 0xe2293b2f);
});

test("it follows the specification step by step, at any length and place", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 90 }), fc.nat(90), fc.nat(90), (bytes, one, other) => {
      const from = Math.min(one, other, bytes.length);
      const end = Math.min(Math.max(one, other), bytes.length);
      assert.equal(xxh32(bytes, from, end), bySteps(bytes.slice(from, end)));
    }),
    { seed: 1 },
  );
});

test("any change of one aligned word is seen", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.nat(),
      fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      (bytes, place, change) => {
        const at = Math.floor((place % bytes.length) / 4) * 4;
        const changed = bytes.slice();
        for (let index = 0; index < 4 && at + index < bytes.length; index++) {
          changed[at + index]! ^= (change >>> (8 * index)) & 0xff;
        }
        fc.pre(!Buffer.from(changed).equals(bytes));
        assert.notEqual(xxh32(changed), xxh32(bytes));
      },
    ),
    { seed: 2 },
  );
});

test("bytes that end with their own hash do not all have one hash", () => {
  const closed = (text: string): Uint8Array => {
    const bytes = new Uint8Array(text.length + 4);
    bytes.set(utf8(text));
    new DataView(bytes.buffer).setUint32(text.length, xxh32(utf8(text)), true);
    return bytes;
  };
  assert.notEqual(xxh32(closed("one batch of commands")), xxh32(closed("two batch of commands")));
});

/** The specification as it reads, with numbers of any size. */
function bySteps(bytes: Uint8Array): number {
  const primes = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn, 0x27d4eb2fn, 0x165667b1n] as const;
  const cut = (value: bigint): bigint => BigInt.asUintN(32, value);
  const turn = (value: bigint, by: bigint): bigint => cut((value << by) | (value >> (32n - by)));
  const word = (at: number): bigint =>
    BigInt(bytes[at]!) |
    (BigInt(bytes[at + 1]!) << 8n) |
    (BigInt(bytes[at + 2]!) << 16n) |
    (BigInt(bytes[at + 3]!) << 24n);
  let at = 0;
  let hash: bigint = primes[4];
  if (bytes.length >= 16) {
    const sums = [cut(primes[0] + primes[1]), primes[1], 0n, cut(-primes[0])];
    for (; bytes.length - at >= 16; at += 16) {
      for (let lane = 0; lane < 4; lane++) {
        sums[lane] = cut(turn(cut(sums[lane]! + word(at + 4 * lane) * primes[1]), 13n) * primes[0]);
      }
    }
    hash = cut(turn(sums[0]!, 1n) + turn(sums[1]!, 7n) + turn(sums[2]!, 12n) + turn(sums[3]!, 18n));
  }
  hash = cut(hash + BigInt(bytes.length));
  for (; bytes.length - at >= 4; at += 4) hash = cut(turn(cut(hash + word(at) * primes[2]), 17n) * primes[3]);
  for (; at < bytes.length; at++) hash = cut(turn(cut(hash + BigInt(bytes[at]!) * primes[4]), 11n) * primes[0]);
  hash = cut((hash ^ (hash >> 15n)) * primes[1]);
  hash = cut((hash ^ (hash >> 13n)) * primes[2]);
  return Number(hash ^ (hash >> 16n));
}
