import assert from "node:assert/strict";
import { test } from "node:test";
import { setTraps } from "../../../sim/src/world/traps.ts";

test("inside a run the clocks, timers and random sources of the platform throw, and afterwards they are back", () => {
  const before = [Date.now, Math.random, setTimeout, setImmediate, performance.now, process.hrtime];
  const restore = setTraps();
  try {
    assert.throws(() => Date.now(), /Date\.now was called inside a simulated run/u);
    assert.throws(() => Math.random(), /Math\.random/u);
    assert.throws(() => setTimeout(() => undefined, 1), /setTimeout/u);
    assert.throws(() => setImmediate(() => undefined), /setImmediate/u);
    assert.throws(() => performance.now(), /performance\.now/u);
    assert.throws(() => crypto.randomUUID(), /crypto\.randomUUID/u);
    assert.throws(() => process.hrtime(), /process\.hrtime/u);
  } finally {
    restore();
  }
  assert.deepEqual([Date.now, Math.random, setTimeout, setImmediate, performance.now, process.hrtime], before);
  assert.equal(typeof crypto.randomUUID(), "string");
});
