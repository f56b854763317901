import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KnownTexts } from "../../packages/machine/src/known-texts.ts";

const encoder = new TextEncoder();

test("texts and bytes are what the platform's coders make of them, whatever came before, remembered or not", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 6, unit: "binary" }), { maxLength: 12 }),
      fc.nat(3),
      (texts, countMax) => {
        const known = new KnownTexts(countMax, 8);
        for (const text of [...texts, "\ud800", "\ufffd", "\ud800", ...texts]) {
          const bytes = encoder.encode(text);
          assert.deepEqual(known.bytesOf(text), bytes);
          const frame = Uint8Array.of(7, ...bytes, 7);
          assert.equal(
            known.textOf(frame, 1, 1 + bytes.length),
            new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
          );
        }
      },
    ),
    { seed: 1 },
  );
});

test("what is no UTF-8 is refused", () => {
  assert.throws(() => new KnownTexts(4, 8).textOf(Uint8Array.of(0xff), 0, 1), TypeError);
});
