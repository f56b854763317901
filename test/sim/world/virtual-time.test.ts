import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualTime } from "../../../sim/src/world/virtual-time.ts";

test("who goes on without waiting is not waited for without end", () => {
  const time = new VirtualTime();
  const again = (): void => time.after(0, again);
  time.at(5, again);
  assert.throws(() => {
    for (let steps = 0; steps < 2_000_000; steps++) time.step();
  }, /Time stands still: 1000000 steps were taken at 5 ms/);
});

test("many steps are no matter while time goes on", () => {
  const time = new VirtualTime();
  const again = (): void => time.after(1, () => time.after(0, again));
  again();
  for (let steps = 0; steps < 2_100_000; steps++) time.step();
  assert.ok(time.nowMs > 1_000_000);
});
