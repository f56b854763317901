import assert from "node:assert/strict";
import { test } from "node:test";
import { FAULT_KINDS, scheduleOf } from "@quorate/sim";

test("a seed always gives the same schedule, and another seed another one", () => {
  const schedule = scheduleOf(7, FAULT_KINDS, 30, 500);
  assert.equal(schedule.length, 60);
  assert.deepEqual(scheduleOf(7, FAULT_KINDS, 30, 500), schedule);
  assert.notDeepEqual(scheduleOf(8, FAULT_KINDS, 30, 500), schedule);
});

test("only the kinds that were asked for are drawn, and without kinds there are no faults", () => {
  const kinds = new Set(scheduleOf(3, ["kill", "isolate"], 60, 200).map(({ kind }) => kind));
  assert.deepEqual([...kinds].sort(), ["isolate", "kill"]);
  assert.deepEqual(scheduleOf(3, [], 60, 200), []);
});
