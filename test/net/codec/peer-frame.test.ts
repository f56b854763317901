import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeCbor, encodeCbor } from "@quorate/machine";
import {
  BadFrame,
  decodePeerFrame,
  decodePeerHello,
  encodePeerHello,
  encodePeerMessage,
  encodeSpeaker,
  joinItems,
} from "@quorate/net/codec";
import fc from "fast-check";
import { peerMessages, speakers } from "./arbitraries.ts";

const anyMessage = fc.oneof(...Object.values(peerMessages));
const speaker = { node: 3, incarnation: 5, life: 7, unit: 11, unitAtStart: 9 };

function refused(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof BadFrame, `threw ${String(error)}`);
  }
}

for (const [kind, arbitrary] of Object.entries(peerMessages)) {
  test(`a message of kind ${kind} comes out of its frame as it went in`, () => {
    fc.assert(
      fc.property(speakers, fc.nat(), arbitrary, (from, group, message) => {
        const frame = joinItems([encodeSpeaker(group, from), encodePeerMessage(message)]);
        assert.deepEqual(decodePeerFrame(frame, from.node), [{ from, group, message }]);
      }),
      { numRuns: 50 },
    );
  });
}

test("a frame of many messages keeps their order, groups and speakers", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(speakers, fc.nat(), anyMessage), { maxLength: 30 }), (tuples) => {
      const said = tuples.map(([from, group, message]) => ({ from, group, message }));
      const parts = said.flatMap(({ from, group, message }) => [
        encodeSpeaker(group, from),
        encodePeerMessage(message),
      ]);
      assert.deepEqual(decodePeerFrame(joinItems(parts), 0), said);
    }),
    { numRuns: 30 },
  );
});

test("the head of a frame is right for any number of items", () => {
  for (const count of [0, 1, 22, 23, 24, 254, 255, 256, 65534, 65535, 65536]) {
    const frame = joinItems(new Array<Uint8Array>(count).fill(Uint8Array.of(0x80)));
    assert.equal((decodeCbor(frame) as unknown[]).length, count + 1);
  }
});

test("a frame that was cut anywhere is refused", () => {
  fc.assert(
    fc.property(
      speakers,
      anyMessage,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (from, message, at) => {
        const frame = joinItems([encodeSpeaker(1, from), encodePeerMessage(message)]);
        assert.throws(() => decodePeerFrame(frame.subarray(0, Math.floor(frame.length * at)), 0), BadFrame);
      },
    ),
  );
});

test("hostile bytes and changed frames are refused or make sense, and never do anything else", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => refused(() => decodePeerFrame(bytes, 0))));
  fc.assert(
    fc.property(speakers, anyMessage, fc.nat(), fc.integer({ min: 1, max: 255 }), (from, message, at, change) => {
      const frame = joinItems([encodeSpeaker(1, from), encodePeerMessage(message)]);
      const position = at % frame.length;
      frame[position] = frame[position]! ^ change;
      refused(() => decodePeerFrame(frame, 0));
    }),
  );
});

test("bytes that are kept do not hold the frame they came in", () => {
  const entry = {
    slot: 1,
    ballot: 1,
    origin: 1,
    anchored: true,
    kind: "batch" as const,
    bytes: Uint8Array.of(1, 2, 3),
  };
  const accept = { kind: "accept" as const, ballot: 1, startSlot: 1, entries: [entry], ackFrom: 1, ackTo: 0 };
  const [said] = decodePeerFrame(joinItems([encodeSpeaker(1, speaker), encodePeerMessage(accept)]), 3);
  assert.ok(said?.message.kind === "accept");
  assert.equal(said.message.entries[0]?.bytes.buffer.byteLength, 3);
});

test("a frame of another version says so", () => {
  assert.throws(
    () => decodePeerFrame(encodeCbor([2, [2, 1, 1]]), 0),
    (error) => error instanceof BadFrame && error.kind === "version" && error.message.includes("version 2"),
  );
});

test("nobody speaks for another node, nor without saying who he is", () => {
  const message = encodePeerMessage({ kind: "fetch", slotFrom: 1 });
  assert.throws(() => decodePeerFrame(joinItems([encodeSpeaker(1, speaker), message]), 2), /node 2 speaks for node 3/);
  assert.throws(() => decodePeerFrame(joinItems([message]), 3), /before its speaker/);
});

test("what contradicts itself is refused", () => {
  const entry = { slot: 4, ballot: 9, origin: 9, anchored: true, kind: "batch" as const, bytes: new Uint8Array(0) };
  const decode = (item: Uint8Array): unknown => decodePeerFrame(joinItems([encodeSpeaker(1, speaker), item]), 3);
  const accept = { kind: "accept" as const, ballot: 9, startSlot: 1, ackFrom: 1, ackTo: 0 };
  assert.throws(() => decode(encodePeerMessage({ ...accept, entries: [] })), /no entry/);
  assert.throws(() => decode(encodePeerMessage({ ...accept, ballot: 8, entries: [entry] })), /vote of ballot 9/);
  assert.throws(
    () => decode(encodePeerMessage({ ...accept, entries: [entry, { ...entry, slot: 6 }] })),
    /out of order/,
  );
  const learn = { kind: "learn" as const, entries: [{ ...entry, kind: "members" as const }], chosenTo: 4 };
  assert.throws(() => decode(encodePeerMessage({ ...learn, floors: [] })), /0 floors for 1 membership/);
  assert.throws(
    () =>
      decode(
        encodePeerMessage({
          kind: "snapshot-chunk",
          slot: 1,
          position: 9,
          bytesTotal: 9,
          checksum: 0,
          bytes: new Uint8Array(1),
        }),
      ),
    /beyond the end/,
  );
  assert.throws(() => decode(encodeCbor([2, 1])), /tag 2 has 2 fields, got 1/);
  assert.throws(() => decode(encodeCbor([99])), /tag 99 is not known/);
});

test("a hello comes out as it went in, and stands alone", () => {
  const hello = { cluster: "c", node: 2, incarnation: 0, credential: "secret" };
  assert.deepEqual(decodePeerHello(encodePeerHello(hello)), hello);
  assert.throws(() => decodePeerHello(joinItems([encodeSpeaker(1, speaker)])), BadFrame);
  assert.throws(() => decodePeerFrame(encodePeerHello(hello), 0), BadFrame);
});
