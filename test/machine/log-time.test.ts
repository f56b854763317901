import assert from "node:assert/strict";
import { test } from "node:test";
import { LogTimeStamper, nextLogTimeMs } from "@quorate/machine";

test("log time never goes back", () => {
  assert.equal(nextLogTimeMs(10, 12.5), 12.5);
  assert.equal(nextLogTimeMs(10, 10), 10);
  assert.equal(nextLogTimeMs(10, 3), 10);
});

test("a leader stamps what it had applied at its opening plus its own monotonic time since", () => {
  const stamper = new LogTimeStamper(1000, 50_000);
  assert.equal(stamper.stampMs(50_000), 1000);
  assert.equal(stamper.stampMs(50_250.5), 1250.5);
  assert.equal(stamper.stampMs(49_000), 1000, "a clock read before the opening does not turn time back");
});
