import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { boundsOf, inBounds, prefixEnd } from "../../../packages/kv/src/machine/range.ts";
import { LogOfOne } from "../log-of-one.ts";

const text = fc.string({ unit: fc.constantFrom("a", "b", "\ud7ff", "\uffff", "\u{10ffff}"), maxLength: 4 });

test("the bounds of a prefix hold exactly the keys that begin with it", () => {
  fc.assert(
    fc.property(text, text, (prefix, key) => {
      assert.equal(inBounds(boundsOf([2, prefix, ""]), key), key.startsWith(prefix));
    }),
    { seed: 5, numRuns: 2000 },
  );
});

test("the end of a prefix that nothing can follow is the end of the store", () => {
  assert.equal(prefixEnd(""), "");
  assert.equal(prefixEnd("\uffff\uffff"), "");
  assert.equal(prefixEnd("a\uffff"), "b");
});

test("keys are in the order of their UTF-16 units, not of their code points", () => {
  const log = new LogOfOne();
  for (const key of ["\uffff", "\u{10000}", "z"]) log.put(key, "");
  const answer = log.query([2, [2, "", ""], "", 0, 32, 0]);
  assert.deepEqual(
    (answer[1] as readonly (readonly unknown[])[]).map((entry) => entry[0]),
    ["z", "\u{10000}", "\uffff"],
  );
});

test("pages of any size, in either direction, join to the whole range", () => {
  const log = new LogOfOne({ pageBytesMax: 700 });
  const keys = Array.from({ length: 30 }, (_, index) => `k${String(index).padStart(2, "0")}`);
  for (const key of keys) log.put(key, "x".repeat(100));
  for (const flags of [0, 16, 64]) {
    for (const limit of [0, 1, 7]) {
      const told: unknown[] = [];
      let count = 0;
      for (let after = ""; ;) {
        const answer = log.query([2, [3, "k05", "k20"], after, limit, flags, 0]);
        assert.ok(answer[0] === 7);
        told.push(...answer[1].map((entry) => entry[0]));
        count += answer[2];
        after = answer[3];
        if (flags === 64) after = "";
        if (after === "") break;
      }
      const expected = keys.slice(5, 20);
      if (flags === 16) expected.reverse();
      if (flags !== 64) assert.deepEqual([told, count], [expected, 15]);
      else assert.equal(count, limit === 0 ? 15 : limit);
    }
  }
});
