import assert from "node:assert/strict";
import { test } from "node:test";
import { SuspensionDetector } from "@quorate/machine";

test("clocks that move together, within 100 ms, are no suspension", () => {
  const detector = new SuspensionDetector(1000, 1_700_000_000_000);
  assert.equal(detector.suspended(1500, 1_700_000_000_500), false);
  assert.equal(detector.suspended(2000, 1_700_000_001_100), false);
  assert.equal(detector.suspended(2000, 1_700_000_001_100), false);
});

test("a monotonic clock that stood still while the machine slept is found, once", () => {
  const detector = new SuspensionDetector(1000, 1_700_000_000_000);
  assert.equal(detector.suspended(1010, 1_700_000_030_010), true);
  assert.equal(detector.suspended(1020, 1_700_000_030_020), false);
});

test("a wall clock that jumps, either way, counts as suspension", () => {
  const detector = new SuspensionDetector(0, 10_000);
  assert.equal(detector.suspended(10, 9_800), true);
  assert.equal(detector.suspended(20, 10_000), true);
});

test("exactly 100 ms apart is within the bound, more is not; a clock that answers nonsense is suspended", () => {
  assert.equal(new SuspensionDetector(0, 0).suspended(0, 100), false);
  assert.equal(new SuspensionDetector(0, 0).suspended(0, 100.5), true);
  assert.equal(new SuspensionDetector(0, 0).suspended(0, NaN), true);
});
