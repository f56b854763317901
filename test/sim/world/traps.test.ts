import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as later } from "node:timers";
import { scheduler, setTimeout as wait } from "node:timers/promises";
import { setTraps } from "../../../sim/src/world/traps.ts";

/** How programs ask the platform for time and chance, and the name under which each is refused. */
const ASKED: readonly (readonly [name: string, ask: () => unknown])[] = [
  ["Date.now", () => Date.now()],
  ["Date", () => new Date()],
  ["Date", () => Date()],
  ["Math.random", () => Math.random()],
  ["setTimeout", () => setTimeout(() => undefined, 1)],
  ["setImmediate", () => setImmediate(() => undefined)],
  ["timers.setTimeout", () => later(() => undefined, 1)],
  ["timers/promises.setTimeout", () => wait(1)],
  ["scheduler.wait", () => scheduler.wait(1)],
  ["AbortSignal.timeout", () => AbortSignal.timeout(1)],
  ["performance.now", () => performance.now()],
  ["process.hrtime", () => process.hrtime()],
  ["process.hrtime.bigint", () => process.hrtime.bigint()],
  ["process.uptime", () => process.uptime()],
  ["crypto.randomUUID", () => crypto.randomUUID()],
  ["crypto.getRandomValues", () => crypto.getRandomValues(new Uint8Array(1))],
  ["crypto.randomUUID", () => randomUUID()],
  ["crypto.randomBytes", () => randomBytes(1)],
];

test("inside a run the clocks, timers and random sources of the platform throw, however they were imported, and afterwards they are back", () => {
  const all = (): unknown[] => [
    ...[Date, Date.now, Math.random, setTimeout, setImmediate, later, wait, scheduler.wait, AbortSignal.timeout],
    ...[
      performance.now,
      process.hrtime,
      process.hrtime.bigint,
      process.uptime,
      crypto.randomUUID,
      randomUUID,
      randomBytes,
    ],
  ];
  const before = all();
  const restore = setTraps();
  try {
    for (const [name, ask] of ASKED) {
      assert.throws(ask, ({ message }: Error) => message.startsWith(`${name} was called inside a simulated run`), name);
    }
    assert.equal(new Date(0).toISOString(), "1970-01-01T00:00:00.000Z", "a date that is given its time is no clock");
    assert.ok(new Date(0) instanceof Date);
  } finally {
    restore();
  }
  for (const [index, what] of all().entries()) assert.equal(what, before[index]);
  assert.equal(Object.hasOwn(performance, "now"), false, "nothing is left behind");
});
