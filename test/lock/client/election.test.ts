import assert from "node:assert/strict";
import { test } from "node:test";
import { election, type Leader, lock } from "@quorate/lock";
import { HandClock, LogOfOne, settled, TestCaller } from "../log-of-one.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (leader: Leader | null): string => (leader === null ? "nobody" : new TextDecoder().decode(leader.value));

test("candidates lead one after the other, and observers see who, and what it proclaims", async () => {
  const log = new LogOfOne();
  const clock = new HandClock();
  const callers = [1, 2, 3].map((session) => new TestCaller(log, clock, session));
  const [first, second, observer] = callers.map((caller) => election("boss", caller, lock(caller, clock)));
  const seen: string[] = [];
  const controller = new AbortController();
  const observing = (async () => {
    for await (const leader of observer!.observe({ signal: controller.signal })) seen.push(text(leader));
  })();
  await settled();
  const term = await first!.campaign(bytes("one"));
  await settled();
  const next = second!.campaign(bytes("two"));
  await settled();
  await term.proclaim(bytes("one, ready"));
  await settled();
  assert.equal(text(await observer!.leader()), "one, ready");
  await term.resign();
  const secondTerm = await next;
  await settled();
  assert.ok(secondTerm.held.token > term.held.token);
  await assert.rejects(term.proclaim(bytes("late")), { code: "LOCK_LOST" });
  await secondTerm.resign();
  await settled();
  assert.deepEqual(seen, ["nobody", "one", "one, ready", "two", "nobody"]);
  controller.abort();
  await assert.rejects(observing, { code: "ABORTED" });
  assert.equal(await observer!.leader(), null);
});

test("a proclamation by a leader that the log has replaced is refused by the log", async () => {
  const log = new LogOfOne();
  const clock = new HandClock();
  const caller = new TestCaller(log, clock, 1);
  const term = await election("boss", caller, lock(caller, clock)).campaign(bytes("one"));
  log.apply(4, { kind: "force", lock: "boss", token: 0, now: true, reason: "test" });
  await assert.rejects(term.proclaim(bytes("late")), { code: "LOCK_LOST" });
});
