import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConfigurationSet } from "../../packages/check/src/configuration-set.ts";

test("a configuration set says of each list of words whether it was added before, as a set of strings does", () => {
  const words = fc.array(fc.oneof(fc.nat(2), fc.constantFrom(0xffff_ffff, 0x8000_0000)), { maxLength: 5 });
  fc.assert(
    fc.property(fc.array(words, { maxLength: 400, size: "max" }), (lists) => {
      const set = new ConfigurationSet();
      const strings: Set<string> = new Set();
      for (const list of lists) {
        assert.equal(set.add(Uint32Array.from(list), list.length), !strings.has(list.join()));
        strings.add(list.join());
      }
      assert.equal(set.size, strings.size);
    }),
    { seed: 20_260_102, numRuns: 200 },
  );
});

test("a configuration set holds what it held after its table and arena have grown many times", () => {
  const set = new ConfigurationSet();
  const words = new Uint32Array(2);
  const addAll = (): number => {
    let added = 0;
    for (let i = 0; i < 50_000; i++) {
      words[0] = i;
      words[1] = i * 2_654_435_761;
      if (set.add(words, 2)) added++;
    }
    return added;
  };
  assert.equal(addAll(), 50_000);
  assert.equal(addAll(), 0);
});
