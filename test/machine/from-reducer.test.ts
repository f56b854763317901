import assert from "node:assert/strict";
import { test } from "node:test";
import { compose, decodeCbor, encodeCbor, fromReducer } from "@quorate/machine";
import { machineSuite } from "@quorate/machine/suite";
import { imageBytes, LogOfMachines, notes, restored } from "./log-of-machines.ts";

const counter = fromReducer<number, number, number>({
  name: "counter",
  version: 1,
  initial: 0,
  apply: (count, add) => [count + add, count + add],
});

for (const { name, run } of machineSuite(notes, {
  command: (random) => (random() < 0.1 ? "boom" : `note ${Math.floor(random() * 5)}`),
  query: () => null,
  watch: () => null,
})) {
  // The end of any session is noted, even of one that never was: that is what the check forbids, and this machine is for.
  if (!name.includes("the end of a session")) test(name, run);
}

for (const { name, run } of machineSuite(counter, {
  command: (random) => Math.floor(random() * 9) - 4,
  query: () => null,
  watch: () => null,
})) {
  test(name, run);
}

test("a counter takes ten lines, and is replicated, queried, imaged and restored", () => {
  const log = new LogOfMachines(compose([counter]));
  const session = log.open(10_000);
  assert.equal(decodeCbor(log.call(session, 1, "counter", encodeCbor(5)).bytes), 5);
  assert.equal(decodeCbor(log.call(session, 2, "counter", encodeCbor(-2)).bytes), 3);
  assert.equal(decodeCbor(log.composite.query("counter", encodeCbor(null))), 3);
  assert.equal(decodeCbor(restored(log.composite).query("counter", encodeCbor(null))), 3);
});

test("a watcher is given the state at first and once after changes, however many they were", () => {
  const log = new LogOfMachines(compose([counter]));
  const session = log.open(10_000);
  let wakes = 0;
  const watcher = log.composite.watch("counter", encodeCbor(null), () => wakes++);
  assert.deepEqual(watcher.pull(1000).map(decodeCbor), [0]);
  assert.deepEqual(watcher.pull(1000), []);
  for (const [number, add] of [
    [1, 1],
    [2, 1],
    [3, 0],
  ] as const)
    log.call(session, number, "counter", encodeCbor(add));
  assert.equal(wakes, 2, "a command that changes nothing wakes nobody");
  assert.deepEqual(watcher.pull(1000).map(decodeCbor), [2]);
  watcher.close();
  log.call(session, 4, "counter", encodeCbor(1));
  assert.equal(wakes, 2);
});

test("a state of an older version is upgraded, or refused in words", () => {
  const older = imageBytes(counter.create({ holdsLock: () => false, sessionLives: () => false }).image());
  const neighbours = { holdsLock: () => false, sessionLives: () => false };
  const newer = fromReducer<{ count: number }, null, number>({
    name: "counter",
    version: 2,
    initial: { count: 0 },
    apply: (state) => [state, state.count],
    upgrade: (state, version) => ({ count: Number(state) + version * 100 }),
  });
  const restore = newer.restore(neighbours, 1);
  restore.push(older);
  assert.equal(restore.end().apply(null, { revision: 1, logTimeMs: 0, session: 1 }), 100);

  const strict = fromReducer<number, null, number>({ name: "counter", version: 2, initial: 0, apply: (n) => [n, n] });
  const refused = strict.restore(neighbours, 1);
  refused.push(older);
  assert.throws(() => refused.end(), /cannot read a state of version 1: give its reducer an "upgrade" to version 2/);
});
