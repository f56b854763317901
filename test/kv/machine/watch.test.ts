import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Watcher } from "@quorate/machine";
import type { KvShape } from "@quorate/kv";
import { bytes, LogOfOne } from "../log-of-one.ts";

type Event = KvShape["event"];
const ALL = [2, "", ""] as const;

function watch(log: LogOfOne, request: KvShape["watch"], wake: () => void = () => undefined): Watcher<Event> {
  const watcher = log.machine.watch?.(request, wake);
  assert.ok(watcher !== undefined);
  return watcher;
}

function drain(watcher: Watcher<Event>, bytesMax: number = 1 << 20): Event[] {
  const all: Event[] = [];
  for (let events = watcher.pull(bytesMax); events.length > 0; events = watcher.pull(bytesMax)) all.push(...events);
  return all;
}

function revisionsOf(events: readonly Event[]): number[] {
  return events.filter((event) => event[0] === 1).map((event) => event[1]);
}

test("ordered and unique: events come by rising revision, each once, however the pulls fall", () => {
  const log = new LogOfOne();
  const watcher = watch(log, [ALL, 1, 0]);
  const events: Event[] = [];
  for (let index = 0; index < 20; index += 1) {
    log.put("k", String(index));
    if (index % 3 === 0) events.push(...watcher.pull(300));
  }
  events.push(...drain(watcher, 300));
  assert.deepEqual(
    revisionsOf(events),
    Array.from({ length: 20 }, (_, index) => index + 2),
  );
});

test("complete: a watch from a past revision tells everything after it, and only of its keys", () => {
  const log = new LogOfOne();
  log.put("a/1", "x");
  log.put("b/1", "x");
  log.put("a/2", "x");
  log.apply([2, [1, "a/1", ""], 0, 0]);
  const watcher = watch(log, [[2, "a/", ""], 2, 0]);
  assert.deepEqual(drain(watcher), [
    [1, 4, [["a/2", ["a/2", bytes("x"), 4, 4, 1, 0, 0], null, 0]], 0, true],
    [1, 5, [["a/1", null, null, 0]], 0, true],
    [2, 5],
  ]);
});

test("atomic: what one revision changed comes as one event", () => {
  const log = new LogOfOne();
  const watcher = watch(log, [ALL, 1, 32]);
  log.apply([
    6,
    [],
    [
      [1, "a", bytes(""), 0, 0],
      [1, "b", bytes(""), 0, 0],
      [2, [1, "a", ""], 0, 0],
      [1, "c", bytes(""), 0, 0],
    ],
    [],
  ]);
  assert.deepEqual(drain(watcher), [
    [
      1,
      2,
      [
        ["b", ["b", null, 2, 2, 1, 0, 0], null, 0],
        ["c", ["c", null, 2, 2, 1, 0, 0], null, 0],
      ],
      0,
      true,
    ],
    [2, 2],
  ]);
});

test("a revision too large for one pull is told in numbered parts, the last one marked", () => {
  const log = new LogOfOne();
  const watcher = watch(log, [ALL, 1, 0]);
  const puts = ["a", "b", "c", "d", "e"].map((key) => [1, key, bytes("x".repeat(70)), 0, 0] as const);
  log.apply([6, [], puts, []]);
  const parts = drain(watcher, 400).filter((event) => event[0] === 1);
  assert.deepEqual(
    parts.map((part) => [part[1], part[2].map((change) => change[0]).join(""), part[3], part[4]]),
    [
      [2, "ab", 0, false],
      [2, "cd", 1, false],
      [2, "e", 2, true],
    ],
  );
});

test("resumable: watches that follow each other from the last revision told tell together what one tells", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.boolean()), { maxLength: 40 }), (steps) => {
      const log = new LogOfOne();
      const whole = watch(log, [[2, "a", ""], 1, 1]);
      let part = watch(log, [[2, "a", ""], 1, 1]);
      let told = 1;
      const parts: Event[] = [];
      for (const [key, resumes] of steps) {
        log.put(key, "x");
        if (!resumes) continue;
        const events = part.pull(250);
        parts.push(...events);
        told = events.at(-1)?.[1] ?? told;
        part.close();
        part = watch(log, [[2, "a", ""], told, 1]);
      }
      parts.push(...drain(part));
      assert.deepEqual(
        parts.filter((event) => event[0] === 1),
        drain(whole).filter((event) => event[0] === 1),
      );
    }),
    { seed: 4, numRuns: 200 },
  );
});

test("progress: a quiet watch is told how far it is complete, behind the events up to there", () => {
  const log = new LogOfOne({ progressRevisions: 3 });
  let wakes = 0;
  const watcher = watch(log, [[1, "quiet", ""], 1, 0], () => (wakes += 1));
  assert.deepEqual(watcher.pull(1000), []);
  for (let index = 0; index < 3; index += 1) log.put("loud", "x");
  assert.equal(wakes, 1);
  assert.deepEqual(watcher.pull(1000), [[2, 4]]);
  log.put("loud", "x");
  log.put("quiet", "x");
  log.put("loud", "x");
  assert.deepEqual(
    watcher.pull(1000).map((event) => [event[0], event[1]]),
    [
      [1, 6],
      [2, 7],
    ],
  );
});

test("compacted: a watch from before the history is told so and ends, never handed a gap", () => {
  const log = new LogOfOne({ historyRevisionsMax: 3 });
  const slow = watch(log, [ALL, 1, 0]);
  for (let index = 0; index < 6; index += 1) log.put("k", "x");
  assert.deepEqual(slow.pull(1000), [[3, 4]]);
  assert.deepEqual(slow.pull(1000), []);
  assert.deepEqual(watch(log, [ALL, 3, 0]).pull(1000), [[3, 4]]);
  assert.deepEqual(revisionsOf(drain(watch(log, [ALL, 4, 0]))), [5, 6, 7]);
});

test("a watch that is caught up is not compacted by changes of other keys", () => {
  const log = new LogOfOne({ historyRevisionsMax: 3 });
  const watcher = watch(log, [[1, "mine", ""], 1, 0]);
  assert.deepEqual(watcher.pull(1000), []);
  for (let index = 0; index < 20; index += 1) log.put("other", "x");
  log.put("mine", "x");
  assert.deepEqual(revisionsOf(watcher.pull(1000)), [22]);
});

test("compaction in the middle of a revision that is told in parts is told as compaction", () => {
  const log = new LogOfOne();
  const watcher = watch(log, [ALL, 1, 0]);
  log.apply([6, [], ["a", "b"].map((key) => [1, key, bytes("x"), 0, 0] as const), []]);
  assert.equal(watcher.pull(10).length, 1);
  log.apply([8, 2]);
  assert.deepEqual(watcher.pull(1000), [[3, 2]]);
});

test("previous values and filters are as asked", () => {
  const log = new LogOfOne();
  log.put("a", "1");
  const previous = watch(log, [ALL, 2, 1]);
  const onlyDeletes = watch(log, [ALL, 2, 128]);
  const onlyPuts = watch(log, [ALL, 2, 256]);
  log.put("a", "2");
  log.apply([2, [1, "a", ""], 0, 0]);
  const [first, second] = drain(previous);
  assert.deepEqual(first?.[2], [["a", ["a", bytes("2"), 2, 3, 2, 0, 0], ["a", bytes("1"), 2, 2, 1, 0, 0], 0]]);
  assert.deepEqual(second?.[2], [["a", null, ["a", bytes("2"), 2, 3, 2, 0, 0], 0]]);
  assert.deepEqual(revisionsOf(drain(onlyDeletes)), [4]);
  assert.deepEqual(revisionsOf(drain(onlyPuts)), [3]);
});

test("a watcher is woken once until it is pulled, and not at all by other keys or after it was closed", () => {
  const log = new LogOfOne();
  let wakes = 0;
  const watcher = watch(log, [[3, "b", "d"], 1, 0], () => (wakes += 1));
  log.put("a", "x");
  log.put("d", "x");
  assert.equal(wakes, 0);
  log.put("b", "x");
  log.put("c", "x");
  assert.equal(wakes, 1);
  drain(watcher);
  log.put("c", "x");
  assert.equal(wakes, 2);
  drain(watcher);
  watcher.close();
  log.put("c", "x");
  assert.equal(wakes, 2);
});

test("a watch from above the present tells only what comes above", () => {
  const log = new LogOfOne();
  const watcher = watch(log, [ALL, 4, 0]);
  for (let index = 0; index < 4; index += 1) log.put("k", "x");
  assert.deepEqual(revisionsOf(drain(watcher)), [5]);
});
