import assert from "node:assert/strict";
import { test } from "node:test";
import { LOSE_ALL, MemoryDisk } from "../../../packages/log/src/disk/memory-disk.ts";
import { accepted, FORMED, Process, promised, SMALL } from "./logs.ts";

const B1 = 1_025;
const B2 = 2_050;

/** Fills the disk until entries are held back; the slots that were told durable, and those that wait. */
function filled(): { log: Process; told: number[]; asked: number } {
  const log = new Process();
  log.write(1, promised(B1));
  log.disk.bytesMax = log.disk.bytesUsed + SMALL.segmentBytes;
  const told: number[] = [];
  let asked = 0;
  while (asked < 60) {
    asked += 1;
    const slot = asked;
    log.opened.wal.group(1).append([accepted(slot, B1, "f".repeat(700))], () => told.push(slot));
    log.turns.run();
  }
  return { log, told, asked };
}

test("without space for the next segment, entries wait, nothing fails, and what was told durable is there", () => {
  const { log, told } = filled();
  assert.equal(log.opened.wal.full, true);
  assert.ok(told.length > 5 && told.length < 60, String(told.length));
  assert.deepEqual(log.failures, []);
  const next = new Process((log.disk.crash(LOSE_ALL), log.disk));
  assert.equal(next.opened.groups.get(1)!.durable.accepted.length, told.length);
});

test("a full log still takes ballots and checkpoints of groups that wait for nothing, out of the reserve", () => {
  const { log } = filled();
  const unit = log.write(2, promised(B2));
  assert.ok(unit > 0);
  assert.equal(log.crash(LOSE_ALL).opened.groups.get(2)!.durable.promised, B2);
});

test("what a group appends after an entry that waits is not told durable before it", () => {
  const { log } = filled();
  assert.equal(log.write(1, promised(B2)), -1);
  assert.equal(log.crash(LOSE_ALL).opened.groups.get(1)!.durable.promised, B1);
});

test("a full log goes on by itself when there is space, in order", () => {
  const { log, told, asked } = filled();
  log.disk.bytesMax = Number.POSITIVE_INFINITY;
  log.turns.advance(2 * SMALL.fullRetryMs);
  assert.equal(log.opened.wal.full, false);
  assert.deepEqual(
    told,
    Array.from({ length: asked }, (_, index) => index + 1),
  );
  const { durable } = log.crash(LOSE_ALL).opened.groups.get(1)!;
  assert.equal(durable.accepted.length, asked);
});

test("a checkpoint makes the space that a full log waits for", () => {
  const { log, told, asked } = filled();
  log.opened.wal.group(1).trim(told.length, FORMED);
  log.turns.advance(20 * SMALL.fullRetryMs);
  assert.ok(told.length > 20, String(told.length));
  assert.equal(log.failures.length, 0);
  const { durable } = log.crash(LOSE_ALL).opened.groups.get(1)!;
  assert.ok(durable.base > 5);
  assert.equal(durable.accepted.at(-1)?.slot, told.at(-1));
  assert.ok(asked === 60);
});

test("a log whose first segment finds no space does not open, and says so", () => {
  const disk = new MemoryDisk({ later: () => undefined, bytesMax: 1_000 });
  assert.throws(() => new Process(disk), { code: "DISK_FULL" });
});

test("a log that is closed while full closes, and what waited was never told", () => {
  const { log, told } = filled();
  const next = log.reopen();
  assert.equal(next.opened.groups.get(1)!.durable.accepted.length, told.length);
});

test("an entry that no segment can take is refused at once", () => {
  const log = new Process();
  assert.throws(() => log.write(1, accepted(1, B1, "x".repeat(SMALL.segmentBytes))), { code: "TOO_LARGE" });
  assert.equal(log.write(1, accepted(1, B1)), 1);
});
