import assert from "node:assert/strict";
import { test } from "node:test";
import { MachineClocks, Process } from "../../../sim/src/world/process.ts";
import { VirtualTime } from "../../../sim/src/world/virtual-time.ts";

test("whoever waits for what is left of its time, be that a rounding error, has soon waited for all of it", () => {
  const time = new VirtualTime();
  const clocks = new MachineClocks(time, 1, 0);
  const { clock } = new Process(time, clocks, () => undefined);
  // A clock that stood still says less than the time that it is, and so tells smaller differences apart.
  time.at(1000, () => clocks.sleep());
  time.at(60_000, () => clocks.wake());
  time.step();
  time.step();
  const dueMs = clock.nowMs() + 2e-13;
  assert.ok(dueMs > clock.nowMs());
  let isOver = false;
  const wait = (): void => {
    if (clock.nowMs() >= dueMs) isOver = true;
    else clock.after(dueMs - clock.nowMs(), wait);
  };
  wait();
  for (let steps = 0; steps < 10; steps++) time.step();
  assert.ok(isOver, `the clock says ${clock.nowMs()}, ${dueMs} was waited for`);
});
