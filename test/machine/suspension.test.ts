import assert from "node:assert/strict";
import { test } from "node:test";
import { APART_MS_MAX, SuspensionDetector } from "@quorate/machine";
import { STOOD_STILL_MS_MAX } from "@quorate/paxos";

test("clocks that move together, within 20 ms, are no suspension", () => {
  const detector = new SuspensionDetector(1000, 1_700_000_000_000);
  assert.equal(detector.suspended(1500, 1_700_000_000_500), false);
  assert.equal(detector.suspended(2000, 1_700_000_001_020), false);
  assert.equal(detector.suspended(2500, 1_700_000_001_480), false);
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

test("exactly 20 ms apart is within the bound, more is not; a clock that answers nonsense is suspended", () => {
  assert.equal(new SuspensionDetector(0, 0).suspended(0, APART_MS_MAX), false);
  assert.equal(new SuspensionDetector(0, 0).suspended(0, APART_MS_MAX + 0.5), true);
  assert.equal(new SuspensionDetector(0, 0).suspended(0, NaN), true);
});

test("short sleeps that each go unnoticed add up, and are found before they are longer than the bound in total", () => {
  const detector = new SuspensionDetector(0, 0);
  assert.equal(detector.suspended(10, 22), false);
  assert.equal(detector.suspended(20, 39), false);
  assert.equal(detector.suspended(30, 51), true);
});

test("it tells by how much the clocks moved apart since the last suspension, and nothing after that", () => {
  const detector = new SuspensionDetector(0, 0);
  assert.equal(detector.apartMs(10, 25), 0);
  assert.equal(detector.apartMs(20, 55), 35);
  assert.equal(detector.apartMs(30, 65), 0);
  assert.equal(detector.apartMs(40, 45), -30);
});

test("after a clock that answered nonsense, it is compared with how it stood before", () => {
  const detector = new SuspensionDetector(0, 0);
  assert.equal(detector.suspended(10, NaN), true);
  assert.equal(detector.suspended(20, 20), false);
  assert.equal(detector.suspended(30, 130), true);
});

test("engine and clients allow for as much sleep as the detector may pass over", () => {
  assert.equal(STOOD_STILL_MS_MAX, APART_MS_MAX);
});
