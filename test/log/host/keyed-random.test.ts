import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { randomBelow48 } from "../../../packages/log/src/host/keyed-random.ts";

describe("keyed random", () => {
  it("The same seed and purpose give the same number; another of either gives another.", () => {
    assert.equal(randomBelow48(5, "life"), randomBelow48(5, "life"));
    const seen = new Set<number>();
    for (let seed = 0; seed < 2_000; seed++) {
      for (const purpose of ["life", "incarnation", "engine 1", "engine 2"]) seen.add(randomBelow48(seed, purpose));
    }
    assert.equal(seen.size, 8_000);
    assert.notEqual(randomBelow48(2 ** 40, "life"), randomBelow48(2 ** 41, "life"));
  });

  it("Every number is an integer from 1 to 2^48 − 1, spread over all of them.", () => {
    let high = 0;
    for (let seed = 0; seed < 1_000; seed++) {
      const value = randomBelow48(seed, "life");
      assert.ok(Number.isSafeInteger(value) && value >= 1 && value < 2 ** 48);
      if (value >= 2 ** 47) high += 1;
    }
    assert.ok(high > 400 && high < 600, `${high} of 1,000 in the upper half`);
  });
});
