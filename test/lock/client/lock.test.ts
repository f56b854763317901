import assert from "node:assert/strict";
import { test } from "node:test";
import { lock, type HeldLock } from "@quorate/lock";
import { HandClock, LogOfOne, settled, TestCaller } from "../log-of-one.ts";

function setUp(): { log: LogOfOne; clock: HandClock; first: TestCaller; second: TestCaller } {
  const log = new LogOfOne();
  const clock = new HandClock();
  return { log, clock, first: new TestCaller(log, clock, 1), second: new TestCaller(log, clock, 2) };
}

/** Keeps the session of a caller renewed while time passes. */
async function passRenewed(clock: HandClock, ms: number, ...callers: readonly TestCaller[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await clock.pass(100);
    for (const caller of callers) caller.renew();
    await settled();
  }
}

test("a free lock is held at once, with the token of its grant", async () => {
  const { clock, first } = setUp();
  const held = await lock(first, clock).acquire("a");
  assert.deepEqual([held.state, held.token, held.names], ["held", 101, ["a"]]);
  held.assertHeld();
  await held.release();
  assert.deepEqual([held.state, held.signal.aborted], ["released", false]);
  assert.throws(() => held.assertHeld(), { code: "LOCK_LOST" });
  await held.release();
  assert.deepEqual(first.commands, ["acquire", "release"]);
});

test("a waiter is granted when the holder releases, and its belief counts from a question asked after the grant", async () => {
  const { log, clock, first, second } = setUp();
  const held = await lock(first, clock).acquire("a");
  let granted: HeldLock | null = null;
  const waiting = lock(second, clock)
    .acquire("a", { timeoutMs: 0 })
    .then((one) => (granted = one));
  await passRenewed(clock, 3000, first, second);
  assert.equal(granted, null);
  await held.release();
  const next = await waiting;
  assert.ok(next.token > held.token);
  assert.ok(log.validate("a", next.token));
  assert.equal(second.commands.at(-1), "confirm");
  assert.ok(next.remainingMs() > 800);
});

test("two lock clients of one caller do not share a claim", async () => {
  const { clock, first } = setUp();
  const held = await lock(first, clock).acquire("a");
  assert.equal(await lock(first, clock).tryAcquire("a"), null);
  await held.release();
});

test("tryAcquire gives null while another holds the lock, and leaves nothing in the log", async () => {
  const { log, clock, first, second } = setUp();
  const held = await lock(first, clock).acquire("a");
  assert.equal(await lock(second, clock).tryAcquire("a"), null);
  await held.release();
  assert.equal(log.machine.query!({ kind: "list", prefix: "", after: "", limit: 1 }).kind, "list");
  assert.deepEqual((await lock(second, clock).list()).locks, []);
  assert.deepEqual(second.commands, ["acquire"]);
});

test("an acquisition that reaches its timeout says so and takes its claim back", async () => {
  const { log, clock, first, second } = setUp();
  await lock(first, clock).acquire("a");
  const refused = assert.rejects(lock(second, clock).acquire("a", { timeoutMs: 250 }), {
    code: "DEADLINE",
    outcome: "unknown",
  });
  await clock.pass(249);
  assert.equal(log.status(2, 1), "queued");
  await clock.pass(1);
  await refused;
  await settled();
  assert.equal(log.status(2, 1), "none");
});

test("an acquisition that is aborted while it waits takes its claim back, and a grant that came meanwhile too", async () => {
  const { log, clock, first, second } = setUp();
  const held = await lock(first, clock).acquire("a");
  const controller = new AbortController();
  const refused = assert.rejects(lock(second, clock).acquire("a", { signal: controller.signal }), { code: "ABORTED" });
  await settled();
  second.heldBack.add("confirm");
  await held.release();
  await settled();
  assert.match(log.status(2, 1), /^held/);
  controller.abort();
  await refused;
  await settled();
  assert.equal(log.status(2, 1), "none");
});

test("an acquisition of which nobody knows whether it was applied is settled before its claim is taken back", async () => {
  const { clock, second } = setUp();
  second.heldBack.add("acquire");
  const controller = new AbortController();
  const refused = assert.rejects(lock(second, clock).acquire("a", { signal: controller.signal }), {
    code: "ABORTED",
    outcome: "unknown",
  });
  await settled();
  controller.abort();
  await refused;
  await settled();
  assert.deepEqual(second.settledNumbers, [1]);
  assert.deepEqual(second.commands, ["acquire"]);
});

test("a grant that is heard of after the local lease ran out is discarded and given back", async () => {
  const { log, clock, first } = setUp();
  first.heldBack.add("acquire");
  const refused = assert.rejects(lock(first, clock).acquire("a", { timeoutMs: 0 }), { code: "LOCK_LOST" });
  await clock.pass(900);
  first.letGo();
  await refused;
  await settled();
  assert.equal(log.status(1, 1), "none");
});

test("a waiter whose session ends hears of that, not of an abort", async () => {
  const { clock, first, second } = setUp();
  await lock(first, clock).acquire("a");
  const refused = assert.rejects(lock(second, clock).acquire("a"), { code: "SESSION_ENDED" });
  await settled();
  second.end();
  await refused;
});

test("a waiter is told how long a lock delay still lasts", async () => {
  const { log, clock, first, second } = setUp();
  await lock(first, clock).acquire("a", { delayMs: 500 });
  const delays: number[] = [];
  const waiting = lock(second, clock).acquire("a", { onDelayed: (remainingMs) => delays.push(remainingMs) });
  await settled();
  log.advanceTo(100);
  log.endSessions(1);
  await settled();
  assert.deepEqual(delays, [500]);
  log.advanceTo(600);
  assert.equal((await waiting).state, "held");
});

test("withLock releases after the work, whether it returned or threw", async () => {
  const { log, clock, first } = setUp();
  const locks = lock(first, clock);
  assert.equal(await locks.withLock("a", ({ token }) => token), 101);
  assert.equal(log.status(1, 1), "none");
  await assert.rejects(
    locks.withLock("a", () => {
      throw new RangeError("the work failed");
    }),
    RangeError,
  );
  assert.equal(log.status(1, 2), "none");
});

test("withLock throws if the lock was lost before the work was done", async () => {
  const { clock, first } = setUp();
  const result = assert.rejects(
    lock(first, clock).withLock("a", async (held) => {
      await clock.pass(1000);
      assert.equal(held.signal.aborted, true);
      return "done";
    }),
    { code: "LOCK_LOST" },
  );
  await result;
});

test("several locks, shared ones and permits are acquired by the same call", async () => {
  const { clock, first, second } = setUp();
  const both = await lock(first, clock).acquire(["b", "a"], { shared: true });
  assert.deepEqual(both.names, ["a", "b"]);
  assert.notEqual(await lock(second, clock).tryAcquire("a", { shared: true }), null);
  assert.notEqual(await lock(first, clock).tryAcquire("s", { permits: { take: 2, of: 3 } }), null);
  assert.equal(await lock(second, clock).tryAcquire("s", { permits: { take: 2, of: 3 } }), null);
  await assert.rejects(lock(second, clock).acquire("s", { permits: { take: 1, of: 9 } }), { code: "BAD_COMMAND" });
});

test("options out of bounds are refused before anything is sent", async () => {
  const { clock, first } = setUp();
  const locks = lock(first, clock);
  const bad = { code: "BAD_OPTION" };
  await assert.rejects(locks.acquire(""), bad);
  await assert.rejects(locks.acquire([]), bad);
  await assert.rejects(locks.acquire(["a", "a"]), bad);
  await assert.rejects(locks.acquire("a", { delayMs: 60_001 }), bad);
  await assert.rejects(locks.acquire("a", { shared: true, permits: { take: 1, of: 1 } }), bad);
  await assert.rejects(locks.acquire("a", { permits: { take: 2, of: 1 } }), bad);
  await assert.rejects(locks.list({ limit: 0 }), bad);
  assert.deepEqual(first.commands, []);
});

test("validate, describe, forceRelease and audit say what the log knows", async () => {
  const { clock, first, second } = setUp();
  const held = await lock(first, clock).acquire("a");
  const admin = lock(second, clock);
  assert.deepEqual([await admin.validate("a", held.token), await admin.validate("a", 5)], [true, false]);
  assert.deepEqual(
    (await admin.describe("a")).occupants.map(({ session, token }) => [session, token]),
    [[1, held.token]],
  );
  const forced = await admin.forceRelease("a", { now: true, reason: "gone" });
  assert.deepEqual(forced, [{ session: 1, claim: held.claim, token: held.token, endsAtMs: 0 }]);
  assert.equal(await admin.validate("a", held.token), false);
  assert.deepEqual(
    (await admin.audit()).map(({ reason, session }) => [reason, session]),
    [["gone", 2]],
  );
  first.renew();
  await settled();
  assert.equal(held.state, "lost");
});
