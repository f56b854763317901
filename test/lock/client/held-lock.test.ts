import assert from "node:assert/strict";
import { test } from "node:test";
import { type HeldLock, lock } from "@quorate/lock";
import { APART_MS_MAX, leaseEndMs } from "@quorate/machine";
import { HandClock, LogOfOne, settled, TestCaller } from "../log-of-one.ts";

const TTL_MS = 900;
/** For how long one confirmation is believed. */
const SPAN_MS = leaseEndMs(0, TTL_MS);

interface Scene {
  readonly log: LogOfOne;
  readonly clock: HandClock;
  readonly caller: TestCaller;
  readonly held: HeldLock;
  /** Every state told, and "signal" when it fired. */
  readonly told: string[];
}

async function hold(): Promise<Scene> {
  const log = new LogOfOne();
  const clock = new HandClock();
  const caller = new TestCaller(log, clock, 1, TTL_MS);
  const held = await lock(caller, clock).acquire("a");
  const told: string[] = [];
  held.onState((state) => told.push(state));
  held.signal.addEventListener("abort", () => told.push("signal"));
  return { log, clock, caller, held, told };
}

test("without renewals a lock is held, then in jeopardy, then lost, and the signal fires before the log may expire the session", async () => {
  const { clock, held, told } = await hold();
  await clock.pass((SPAN_MS * 2) / 3 - 1);
  assert.deepEqual(told, []);
  await clock.pass(2);
  assert.deepEqual(told, ["jeopardy"]);
  held.assertHeld();
  await clock.pass(SPAN_MS / 3 - 2);
  held.assertHeld();
  await clock.pass(1.01);
  assert.deepEqual(told, ["jeopardy", "signal", "lost"]);
  assert.throws(() => held.assertHeld(), { code: "LOCK_LOST" });
  assert.ok(SPAN_MS < TTL_MS);
  assert.equal(clock.timersSet, 0);
});

test("a renewal that the log confirms for the claim too brings jeopardy back to held", async () => {
  const { clock, caller, held, told } = await hold();
  await clock.pass(700);
  caller.renew();
  await settled();
  assert.deepEqual(told, ["jeopardy", "held"]);
  assert.equal(Math.round(held.remainingMs()), Math.round(SPAN_MS));
});

test("a renewed session alone does not prolong belief in the lock", async () => {
  const { clock, caller, told } = await hold();
  caller.heldBack.add("confirm");
  for (let count = 0; count < 9; count++) {
    await clock.pass(100);
    caller.renew();
  }
  assert.deepEqual(told, ["jeopardy", "signal", "lost"]);
});

test("belief counts from when the question left, not from when the answer came", async () => {
  const { clock, caller, held } = await hold();
  await clock.pass(300);
  caller.heldBack.add("confirm");
  caller.renew();
  // The session itself is not what ends the belief here.
  caller.leaseEnd += 10_000;
  await clock.pass(200);
  caller.letGo();
  await settled();
  assert.equal(Math.round(held.remainingMs()), Math.round(SPAN_MS - 200));
  assert.deepEqual(caller.commands, ["acquire", "confirm"]);
});

test("an answer that comes after the belief ended revives nothing", async () => {
  const { log, clock, caller, held, told } = await hold();
  caller.heldBack.add("confirm");
  caller.renew();
  await settled();
  await clock.pass(870);
  assert.equal(held.state, "lost");
  caller.renew();
  caller.letGo();
  await settled();
  assert.deepEqual(told, ["jeopardy", "signal", "lost"]);
  assert.equal(log.status(1, held.claim), "none", "a lock that nobody holds is given back");
});

test("assertHeld compares clocks, so a blocked event loop does not hide the loss", async () => {
  const { clock, held, told } = await hold();
  clock.tick(SPAN_MS + 1);
  assert.deepEqual(told, []);
  assert.throws(() => held.assertHeld(), { code: "LOCK_LOST" });
  assert.equal(held.signal.aborted, true);
});

test("after the machine slept nothing is believed until the log has confirmed the lock anew", async () => {
  const { clock, caller, held, told } = await hold();
  caller.heldBack.add("confirm");
  clock.sleep(150);
  assert.throws(() => held.assertHeld(), { code: "LOCK_LOST" });
  assert.deepEqual([held.state, held.remainingMs(), held.signal.aborted], ["jeopardy", 0, false]);
  await settled();
  caller.letGo();
  await settled();
  held.assertHeld();
  assert.deepEqual(told, ["jeopardy", "held"]);
});

test("a lock whose belief may have ended while the machine slept is lost, though its clock stood still", async () => {
  const { clock, held, told } = await hold();
  clock.sleep(SPAN_MS + 1);
  assert.throws(() => held.assertHeld(), { code: "LOCK_LOST" });
  assert.deepEqual(told, ["signal", "lost"]);
});

test("a confirmation that left before the sleep does not count after it", async () => {
  const { clock, caller, held } = await hold();
  await clock.pass(100);
  caller.heldBack.add("confirm");
  caller.renew();
  await settled();
  clock.sleep(150);
  const answer = caller.letGo.bind(caller);
  assert.equal(held.state, "jeopardy");
  const before = caller.commands.length;
  answer();
  await settled();
  // The answer to the old question came, and a new one was asked because of the sleep.
  assert.equal(caller.commands.length, before + 1);
  held.assertHeld();
  assert.ok(
    held.remainingMs() <= SPAN_MS - 150,
    "the lease that was renewed before the sleep counts less by the sleep",
  );
});

test("a suspension of 20 ms or less, which belief allows for, changes nothing", async () => {
  const { clock, held, told } = await hold();
  clock.sleep(APART_MS_MAX);
  held.assertHeld();
  assert.deepEqual(told, []);
});

test("the end of the session is the end of its locks", async () => {
  const { caller, held, told } = await hold();
  caller.end();
  assert.deepEqual(told, ["signal", "lost"]);
  assert.equal(held.remainingMs(), 0);
});

test("belief ends before the release leaves, and a second release sends nothing", async () => {
  const { caller, held, told } = await hold();
  caller.heldBack.add("release");
  const released = held.release();
  assert.deepEqual(told, ["released"]);
  assert.throws(() => held.assertHeld(), { code: "LOCK_LOST" });
  void held.release();
  caller.letGo();
  await released;
  assert.deepEqual(caller.commands, ["acquire", "release"]);
  assert.equal(held.signal.aborted, false);
});

test("a revoked holder is told by the next confirmation, keeps the lock for what is left of its belief, and no longer", async () => {
  const { log, clock, caller, held, told } = await hold();
  log.apply(4, { kind: "force", lock: "a", token: 0, now: false, reason: "test" });
  await clock.pass(300);
  caller.renew();
  await settled();
  assert.deepEqual([held.revoked, held.state], [true, "jeopardy"]);
  held.assertHeld();
  for (let count = 0; count < 3; count++) {
    await clock.pass(180);
    caller.renew();
  }
  await clock.pass(50);
  assert.deepEqual(told, ["jeopardy", "signal", "lost"]);
  assert.equal(log.status(1, held.claim), "none");
});

test("a confirmation that fails is asked again while there is belief", async () => {
  const { log, clock, caller, held } = await hold();
  const { machine } = log;
  let failures = 2;
  log.machine = new Proxy(machine, {
    get: (target, name) => {
      if (name !== "apply") return Reflect.get(target, name).bind?.(target);
      return (...apply: Parameters<typeof machine.apply>) => {
        if (failures-- > 0) throw new Error("not now");
        return target.apply(...apply);
      };
    },
  });
  await clock.pass(200);
  caller.renew();
  await clock.pass(450);
  assert.equal(held.state, "held");
  // Of the session's renewal 450 ms ago; without the confirmation it would be the acquisition 650 ms ago.
  assert.equal(Math.round(held.remainingMs()), Math.round(SPAN_MS - 450));
});
