import assert from "node:assert/strict";
import { test } from "node:test";
import { keyedFraction, keyedIdentity, pauseMs } from "@quorate/client";

test("the same keys give the same number, others another", () => {
  assert.equal(keyedFraction(1, 2, 3), keyedFraction(1, 2, 3));
  const seen = new Set<number>();
  for (let seed = 0; seed < 20; seed++) for (let key = 0; key < 50; key++) seen.add(keyedFraction(seed * 2 ** 40, key));
  assert.equal(seen.size, 1000);
});

test("fractions are from 0 to 1 and fill the range evenly", () => {
  const tenths = new Array<number>(10).fill(0);
  for (let key = 0; key < 10_000; key++) tenths[Math.floor(keyedFraction(5, key) * 10)]! += 1;
  for (const count of tenths) assert.ok(count > 850 && count < 1150, tenths.join(" "));
});

test("identities are integers from 1 to 2^48 − 1, and differ", () => {
  const seen = new Set<number>();
  for (let key = 0; key < 1000; key++) {
    const identity = keyedIdentity(9, key);
    assert.ok(Number.isSafeInteger(identity) && identity >= 1 && identity < 2 ** 48);
    seen.add(identity);
  }
  assert.equal(seen.size, 1000);
});

test("pauses double up to their bound and are spread over the upper half", () => {
  for (let attempt = 0; attempt < 100; attempt++) {
    const whole = Math.min(1000, 10 * 2 ** attempt);
    const pause = pauseMs(10, 1000, attempt, 3, 4);
    assert.ok(pause >= whole / 2 && pause < whole, `${attempt}: ${pause}`);
  }
});
