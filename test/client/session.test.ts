import assert from "node:assert/strict";
import { test } from "node:test";
import { leaseEndMs } from "@quorate/machine";
import { Session } from "../../packages/client/src/session.ts";

function session(windowMax = 10, firstSentMs = 0, suspicion = (): void => undefined): Session {
  return new Session({ id: 7, ttlMs: 9000, firstSentMs, windowMax, drift: 0.02, suspicion });
}

test("numbers are released only as far as every one below has its outcome", () => {
  const one = session();
  assert.deepEqual([one.takeNumber(), one.takeNumber(), one.takeNumber(), one.takeNumber()], [1, 2, 3, 4]);
  one.finish(2);
  one.finish(4);
  assert.equal(one.releasedTo, 0);
  one.finish(1);
  assert.equal(one.releasedTo, 2);
  one.finish(1);
  one.finish(3);
  assert.equal(one.releasedTo, 4);
});

test("there is room only for so many numbers above the released ones", () => {
  const one = session(2);
  one.takeNumber();
  assert.ok(one.hasRoom);
  one.takeNumber();
  assert.ok(!one.hasRoom);
  one.finish(2);
  assert.ok(!one.hasRoom);
  one.finish(1);
  assert.ok(one.hasRoom);
});

test("a renewal that counts from an earlier moment never shortens the belief", () => {
  const one = session();
  let told = 0;
  const stop = one.onRenewed(() => (told += 1));
  one.renewed(3000, 9000);
  assert.equal(one.leaseEndMs(), leaseEndMs(3000, 9000));
  one.renewed(1000, 9000);
  assert.equal(one.leaseEndMs(), leaseEndMs(3000, 9000));
  assert.equal(told, 1);
  stop();
  one.renewed(4000, 9000);
  assert.equal(told, 1);
});

test("whoever asks how long the belief lasts has the clocks compared first", () => {
  const one: Session = session(10, 0, () => one.suspended());
  assert.equal(one.leaseEndMs(), -Infinity);
});

test("the next renewal is due after a third of the lifetime, sooner if the belief is short, and never in a rush", () => {
  assert.equal(session().renewalDueMs(0), 3000);
  const short = session(10, -4000);
  assert.equal(short.renewalDueMs(0), leaseEndMs(-4000, 9000) - 3000);
  short.suspended();
  assert.equal(short.renewalDueMs(100), 1000);
});

test("the end of a session ends the belief and fires its signal, once", () => {
  const one = session();
  let fired = 0;
  one.ended.addEventListener("abort", () => (fired += 1));
  one.end();
  one.end();
  assert.equal(fired, 1);
  assert.equal(one.leaseEndMs(), -Infinity);
  one.renewed(5000, 9000);
  assert.equal(one.leaseEndMs(), -Infinity);
});
