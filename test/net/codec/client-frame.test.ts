import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BadFrame,
  decodeClientFrames,
  decodeClientHello,
  decodeServerFrames,
  decodeServerHello,
  encodeClientFrames,
  encodeClientHello,
  encodeServerFrames,
  encodeServerHello,
} from "@quorate/net/codec";
import fc from "fast-check";
import { clientFrames, serverFrames } from "./arbitraries.ts";

function refused(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof BadFrame, `threw ${String(error)}`);
  }
}

for (const [kind, arbitrary] of Object.entries(clientFrames)) {
  test(`frames of kind ${kind} from a client come out as they went in`, () => {
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 4 }), (frames) =>
        assert.deepEqual(decodeClientFrames(encodeClientFrames(frames)), frames),
      ),
      { numRuns: 50 },
    );
  });
}

for (const [kind, arbitrary] of Object.entries(serverFrames)) {
  test(`frames of kind ${kind} to a client come out as they went in`, () => {
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 4 }), (frames) =>
        assert.deepEqual(decodeServerFrames(encodeServerFrames(frames)), frames),
      ),
      { numRuns: 50 },
    );
  });
}

test("hostile bytes, cut and changed messages are refused or make sense, and never do anything else", () => {
  const anyClient = fc.oneof(...Object.values(clientFrames));
  const anyServer = fc.oneof(...Object.values(serverFrames));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      refused(() => decodeClientFrames(bytes));
      refused(() => decodeServerFrames(bytes));
      refused(() => decodeClientHello(bytes));
      refused(() => decodeServerHello(bytes));
    }),
  );
  fc.assert(
    fc.property(anyClient, anyServer, fc.nat(), fc.integer({ min: 1, max: 255 }), (client, server, at, change) => {
      for (const bytes of [encodeClientFrames([client]), encodeServerFrames([server])]) {
        const cut = bytes.subarray(0, at % bytes.length);
        assert.throws(() => decodeClientFrames(cut), BadFrame);
        assert.throws(() => decodeServerFrames(cut), BadFrame);
        const position = at % bytes.length;
        bytes[position] = bytes[position]! ^ change;
        refused(() => decodeClientFrames(bytes));
        refused(() => decodeServerFrames(bytes));
      }
    }),
  );
});

test("hellos come out as they went in", () => {
  const client = { cluster: "", credential: "x" };
  assert.deepEqual(decodeClientHello(encodeClientHello(client)), client);
  const server = { cluster: "c", node: 1, endpoints: [{ node: 2, endpoint: "ws://127.0.0.1:7002" }] };
  assert.deepEqual(decodeServerHello(encodeServerHello(server)), server);
  assert.throws(() => decodeClientHello(encodeClientFrames([{ kind: "ping", id: 1 }])), BadFrame);
});

test("a text for people that is too long is cut where it leaves", () => {
  const error = {
    kind: "error" as const,
    id: 1,
    code: "NO_LEADER",
    outcome: "unknown" as const,
    settled: false,
    leader: 0,
  };
  const [frame] = decodeServerFrames(encodeServerFrames([{ ...error, message: "x".repeat(10_000) }]));
  assert.ok(frame?.kind === "error");
  assert.equal(frame.message.length, 8192);
});
