import assert from "node:assert/strict";
import { test } from "node:test";
import { type BatchCommand, decodeBatch, encodeBatch, peekBatchLogTimeMs, QuorateError, xxh32 } from "@quorate/machine";
import fc from "fast-check";

const natural = fc.oneof(fc.nat(300), fc.maxSafeNat());
const commands: fc.Arbitrary<BatchCommand[]> = fc.array(
  fc.record(
    {
      request: fc.record({ session: natural, number: natural }, { noNullPrototype: true }),
      releasedTo: natural,
      machine: fc.oneof(fc.constantFrom("kv", "lock", "session"), fc.string({ maxLength: 20, unit: "grapheme" })),
      command: fc.uint8Array({ maxLength: 60 }),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 30 },
);
const stamp = fc.double({ min: 0, max: 1e15, noNaN: true });

function corrupt(error: unknown): boolean {
  return error instanceof QuorateError && error.code === "LOG_CORRUPT";
}

/** With a checksum that is right, so that only the inside is judged. */
function sealed(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(copy.length - 4, xxh32(copy, 0, copy.length - 4), true);
  return copy;
}

test("a batch decodes to what was encoded, numbers up to 2^53 − 1 included", () => {
  fc.assert(
    fc.property(stamp, commands, (logTimeMs, given) => {
      const bytes = encodeBatch(logTimeMs, given);
      const batch = decodeBatch(bytes);
      assert.equal(batch.logTimeMs, logTimeMs);
      assert.deepEqual(batch.commands, given);
      assert.equal(peekBatchLogTimeMs(bytes), logTimeMs);
    }),
    { seed: 1 },
  );
});

test("the layout is the documented one, byte by byte", () => {
  const request = { session: 5, number: 300 };
  const bytes = encodeBatch(1.5, [{ request, releasedTo: 2, machine: "kv", command: Uint8Array.of(9, 8) }]);
  const body = [1, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 1, 2, 0x6b, 0x76, 1, 5, 0xac, 2, 2, 0, 2, 9, 8];
  assert.deepEqual([...bytes.subarray(0, -4)], body);
  assert.equal(new DataView(bytes.buffer).getUint32(body.length, true), xxh32(Uint8Array.from(body)));
});

test("a command is a view into the batch: nothing is copied", () => {
  const request = { session: 1, number: 1 };
  const bytes = encodeBatch(0, [{ request, releasedTo: 0, machine: "kv", command: new Uint8Array(100) }]);
  assert.equal(decodeBatch(bytes).commands[0]!.command.buffer, bytes.buffer);
});

test("a batch that lies in the middle of a larger buffer decodes alike", () => {
  const given = [{ request: { session: 1, number: 1 }, releasedTo: 0, machine: "kv", command: Uint8Array.of(7) }];
  const bytes = encodeBatch(12, given);
  const frame = new Uint8Array(bytes.length + 20);
  frame.set(bytes, 13);
  assert.deepEqual(decodeBatch(frame.subarray(13, 13 + bytes.length)), { logTimeMs: 12, commands: given });
});

test("commands of a batch that came in a Buffer are plain bytes", () => {
  const request = { session: 1, number: 1 };
  const bytes = encodeBatch(0, [{ request, releasedTo: 0, machine: "kv", command: Uint8Array.of(1, 2) }]);
  assert.equal(decodeBatch(Buffer.from(bytes)).commands[0]!.command.constructor, Uint8Array);
});

test("any changed byte, and any cut, is found", () => {
  fc.assert(
    fc.property(commands, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, place, change) => {
      const bytes = encodeBatch(77, given);
      const damaged = bytes.slice();
      damaged[place % bytes.length]! ^= change;
      assert.throws(() => decodeBatch(damaged), corrupt);
      assert.throws(() => decodeBatch(bytes.subarray(0, place % bytes.length)), corrupt);
    }),
    { seed: 3 },
  );
});

test("nonsense under a right checksum is refused, without memory for what it claims", () => {
  const body = (...inside: number[]): Uint8Array =>
    sealed(Uint8Array.from([1, ...new Uint8Array(8), ...inside, 0, 0, 0, 0]));
  assert.deepEqual(decodeBatch(body(0, 0)).commands, []);
  const nonsense: readonly (readonly [why: string, bytes: Uint8Array])[] = [
    ["a name index beyond the table", body(0, 1, 1, 1, 0, 0, 0)],
    ["a command longer than the rest", body(1, 1, 0x61, 1, 1, 1, 0, 0, 5, 1)],
    ["2^40 commands", body(0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20)],
    ["a number not in its shortest form", body(0, 0x80, 0)],
    ["a number beyond 2^53 − 1", body(1, 1, 0x61, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 1, 0, 0, 0)],
    ["bytes after the last command", body(0, 0, 0)],
    ["a name that is not UTF-8", body(1, 1, 0xff, 0)],
    ["a log time that is no time", sealed(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0, 0, 0, 0, 0, 0))],
    ["another format", sealed(Uint8Array.of(2, ...new Uint8Array(14)))],
  ];
  for (const [why, bytes] of nonsense) assert.throws(() => decodeBatch(bytes), corrupt, why);
});

test("what cannot be read back is not encoded", () => {
  const one = (change: Partial<BatchCommand>): readonly BatchCommand[] => [
    { request: { session: 1, number: 1 }, releasedTo: 0, machine: "kv", command: new Uint8Array(0), ...change },
  ];
  const bad = (error: unknown): boolean => error instanceof QuorateError && error.code === "BAD_COMMAND";
  assert.throws(() => encodeBatch(0, one({ request: { session: -1, number: 1 } })), bad);
  assert.throws(() => encodeBatch(0, one({ request: { session: 1, number: 1.5 } })), bad);
  assert.throws(() => encodeBatch(0, one({ releasedTo: 2 ** 53 })), bad);
  assert.throws(() => encodeBatch(0, one({ machine: "m".repeat(65) })), bad);
  assert.throws(() => encodeBatch(NaN, []), bad);
  assert.throws(() => encodeBatch(-1, []), bad);
});
