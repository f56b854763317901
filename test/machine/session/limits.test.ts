import assert from "node:assert/strict";
import { test } from "node:test";
import { compose, SESSION_LIMITS, type SessionLimits } from "@quorate/machine";

test("the defaults are possible", () => {
  assert.doesNotThrow(() => compose([], { limits: SESSION_LIMITS }));
});

const impossible: readonly (readonly [Partial<SessionLimits>, RegExp])[] = [
  [{ sessionsMax: 0 }, /sessionsMax is 0/],
  [{ ttlMsMin: 1.5 }, /ttlMsMin is 1.5/],
  [{ resultBytesMax: NaN }, /resultBytesMax is NaN/],
  [{ ttlMsMin: 10, ttlMsMax: 9 }, /ttlMsMin 10 is above ttlMsMax 9/],
  [{ resultsMax: 10, settlementsMax: 9 }, /resultsMax 10 is above settlementsMax 9/],
];

for (const [limits, message] of impossible) {
  test(`limits that cannot be are refused in words: ${JSON.stringify(limits)}`, () => {
    assert.throws(() => compose([], { limits }), message);
  });
}
