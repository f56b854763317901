import assert from "node:assert/strict";
import { test } from "node:test";
import { APART_MS_MAX, leaseEndMs } from "@quorate/machine";
import fc from "fast-check";

test("without drift the belief lasts the whole lifetime, counted from the first sending, less what the clock may have stood still unnoticed", () => {
  assert.equal(leaseEndMs(1000, 5000, 0), 6000 - APART_MS_MAX);
});

test("the default allows for two clocks that drift by 2 % each", () => {
  assert.equal(leaseEndMs(0, 10_200), 9_800 - APART_MS_MAX);
});

test("the belief has ended before the log may expire the session, whatever both clocks do within the bound, and however the machine slept unnoticed", () => {
  const drift = fc.double({ min: 0, max: 0.2, noNaN: true });
  const skew = fc.double({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      fc.nat(1e4),
      fc.double({ min: 0, max: APART_MS_MAX, noNaN: true }),
      drift,
      skew,
      skew,
      (ttlMs, travelMs, sleptMs, rho, client, leader) => {
        const sentMs = 1e6;
        // In real time after the sending: the client's clock passes the end of its belief, and the leader's clock counts out the lifetime.
        const beliefEndsMs = (leaseEndMs(sentMs, ttlMs, rho) - sentMs) / (1 + client * rho) + sleptMs;
        const logExpiresMs = travelMs + ttlMs / (1 + leader * rho);
        assert.ok(beliefEndsMs <= logExpiresMs + 1e-6);
      },
    ),
    { seed: 1 },
  );
});
