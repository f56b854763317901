import assert from "node:assert/strict";
import { test } from "node:test";
import type { Durable } from "@quorate/paxos";
import { LOSE_ALL, type MemoryDisk } from "../../../packages/log/src/disk/memory-disk.ts";
import { SECTOR_BYTES } from "../../../packages/log/src/disk/sector.ts";
import { segmentPath } from "../../../packages/log/src/wal/format.ts";
import type { WalLimits } from "../../../packages/log/src/wal/limits.ts";
import { accepted, FORMED, Process, promised, SMALL } from "./logs.ts";

const FIRST = segmentPath(1);
const B1 = 1_025;
const B2 = 2_049;

/** A unit that was written and synced. */
interface Write {
  readonly path: string;
  readonly position: number;
  readonly bytes: Uint8Array;
  /** What stood there before. */
  readonly before: Uint8Array;
}

/** A log of one group, and each write of a unit to it. */
interface WrittenLog {
  readonly log: Process;
  readonly writes: readonly Write[];
}

const textOf = (slot: number, length: number): string => `the value of slot ${slot} `.padEnd(length, ".");

/** The promise in a unit of its own, then a unit per vote, of as many bytes as are given. */
function written(lengths: readonly number[], limits: WalLimits = SMALL): WrittenLog {
  const log = new Process(null, limits);
  const writes: { path: string; position: number; length: number; before: Uint8Array }[] = [];
  log.disk.fault = ({ kind, path, position, bytes: length }) => {
    if (kind === "write" && path.endsWith(".seg")) {
      const before = log.disk.bytes(path).slice(position, position + length);
      writes.push({ path, position, length, before });
    }
    return null;
  };
  log.write(1, promised(B1));
  for (const [index, length] of lengths.entries()) log.write(1, accepted(index + 1, B1, textOf(index + 1, length)));
  log.disk.fault = () => null;
  assert.equal(writes.length, lengths.length + 1);
  return {
    log,
    writes: writes.map(({ path, position, length, before }) => {
      const bytes = log.disk.bytes(path).slice(position, position + length);
      return { path, position, bytes, before };
    }),
  };
}

/** The disk with the write, from its sector `first` on, in the place `position` of `path` instead of its own. */
function misdirect(disk: MemoryDisk, write: Write, path: string, position: number, first: number = 0): MemoryDisk {
  const from = first * SECTOR_BYTES;
  const copy = disk.copy();
  copy.overwrite(write.path, write.position + from, write.before.subarray(from));
  const room = copy.bytes(path).length - position;
  copy.overwrite(path, position, write.bytes.subarray(from, from + room));
  return copy;
}

function durableOf(log: Process): Durable {
  return log.opened.groups.get(1)?.durable ?? log.opened.unheard;
}

/** Nothing that was told durable is taken for what never was (M2), and peers do not take the disk for an older copy of itself. */
function assertNothingForgotten(log: Process, lengths: readonly number[], units: number, story: string): void {
  const durable = durableOf(log);
  assert.ok(log.opened.wal.unit >= units, `${story}: begins with unit ${log.opened.wal.unit}, ${units} were written`);
  if (durable.promisedLost) return;
  assert.ok(durable.promised >= B1, `${story}: the promised ballot is forgotten`);
  for (const [index, length] of lengths.entries()) {
    const slot = index + 1;
    if (durable.faulty.includes(slot)) continue;
    const found = durable.accepted.find((one) => one.slot === slot);
    assert.ok(found !== undefined, `${story}: slot ${slot} is gone without a mark`);
    assert.equal(new TextDecoder().decode(found.bytes), textOf(slot, length), story);
  }
}

/** Every place in the files of the log: from where a stray write may begin. */
function* places(disk: MemoryDisk): Generator<{ readonly path: string; readonly position: number }> {
  for (const path of disk.paths().filter((each) => each.endsWith(".seg"))) {
    for (let position = 0; position < disk.bytes(path).length; position += SECTOR_BYTES) yield { path, position };
  }
}

/**
 * Whether so many sectors at this place lie on no unit, and behind none that could be the last: they begin neither where the log ends, nor in a segment behind that
 * so far and so long that a unit for which there was no room could be under them.
 */
function liesOnNothing(writes: readonly Write[], path: string, position: number, sectors: number): boolean {
  const last = writes.at(-1)!;
  const end = last.position + last.bytes.length;
  if (path < last.path || position === 0) return false;
  if (path === last.path) return position > end;
  return position > SECTOR_BYTES || sectors <= (SMALL.segmentBytes - end) / SECTOR_BYTES;
}

test("a write that landed on the one unit that would prove it missing: both are lost, and the log says so", () => {
  const lengths = [100, 100, 100];
  const { log, writes } = written(lengths);
  const [, , missing, proof] = writes as [Write, Write, Write, Write];
  const next = new Process(misdirect(log.disk, missing, proof.path, proof.position));
  assert.equal(durableOf(next).promisedLost, true);
  assert.equal(next.opened.wal.unit, 4, "peers that heard of the fourth unit do not take the disk for an older one");
  assert.deepEqual(
    next.opened.faults.map(({ file, offset }) => ({ file, offset })),
    [{ file: missing.path, offset: missing.position }],
  );
  assert.equal(next.write(1, accepted(9, B2)), 5);
  assert.equal(durableOf(next.crash(LOSE_ALL)).promisedLost, true);
});

const ROOMY: WalLimits = { ...SMALL, unitBytesMax: 8 * 1024 };
const LOGS = [
  { what: "units of one sector", lengths: [100, 100, 100, 100], limits: SMALL },
  { what: "units of several sectors, over two segments", lengths: [700, 1_300, 100, 1_900, 700, 1_900], limits: SMALL },
  { what: "one unit in each segment, at the same place", lengths: [3_800, 4_200, 4_200], limits: ROOMY },
];

for (const { what, lengths, limits } of LOGS) {
  test(`wherever a write lands, the last one too, nothing that was synced is forgotten: ${what}`, () => {
    const { log, writes } = written(lengths, limits);
    for (const [index, write] of writes.entries()) {
      const sectors = write.bytes.length / SECTOR_BYTES;
      for (const { path, position } of places(log.disk)) {
        if (path === write.path && position === write.position) continue;
        for (const first of new Set([0, sectors - 1])) {
          const disk = misdirect(log.disk, write, path, position, first);
          const story = `unit ${index + 1} from its sector ${first} on at ${path}, ${position}`;
          const next = new Process(disk, limits);
          assertNothingForgotten(next, lengths, writes.length, story);
          const lost = durableOf(next).promisedLost;
          const isProved = index < writes.length - 1;
          if (isProved && liesOnNothing(writes, path, position, sectors - first)) assert.equal(lost, false, story);
          // The power goes before the loss is stated, or after it.
          const again = next.crash(LOSE_ALL);
          assertNothingForgotten(again, lengths, writes.length, `${story}, read again`);
          assert.equal(durableOf(again).promisedLost, lost, story);
          again.write(1, { kind: "heard", peers: [] });
          const stated = again.crash(LOSE_ALL);
          assertNothingForgotten(stated, lengths, writes.length, `${story}, stated`);
          assert.equal(durableOf(stated).promisedLost, lost, story);
        }
      }
    }
  });
}

test("a stray far ahead of the log, and later a torn last unit: that is cut, and costs nothing", () => {
  const { log, writes } = written([700, 700]);
  const next = new Process(misdirect(log.disk, writes[1]!, FIRST, 12 * SECTOR_BYTES));
  assert.deepEqual([durableOf(next).faulty, durableOf(next).promisedLost], [[1], false]);
  const under = new Process(null);
  under.write(1, promised(B1));
  for (const slot of [1, 2]) under.write(1, accepted(slot, B1, textOf(slot, 700)));
  under.disk.overwrite(FIRST, 12 * SECTOR_BYTES, writes[1]!.bytes);
  under.opened.wal.group(1).append([accepted(3, B1, textOf(3, 1_200))], () => assert.fail("it was never synced"));
  under.turns.step(); // the turn ends: the unit is on its way, and its write has not ended
  const end = writes[2]!.position + writes[2]!.bytes.length;
  under.disk.crash(({ kind, sector }) => (kind === "sector" && sector === end / SECTOR_BYTES + 1 ? 0 : SECTOR_BYTES));
  const cut = new Process(under.disk);
  assert.deepEqual(cut.opened.faults, []);
  assert.deepEqual([durableOf(cut).accepted.length, durableOf(cut).faulty, durableOf(cut).unit], [2, [], 3]);
});

test("a stray that lies in a file when that is used again as another segment is old there", () => {
  const { log, writes } = written([1_900, 1_900, 1_900, 1_900, 1_900, 1_900]);
  // The first vote, over what else stands in the first segment, from its first unit on.
  const stray = misdirect(log.disk, writes[1]!, FIRST, SECTOR_BYTES);
  const log2 = new Process(stray);
  for (let slot = 7; slot < 12; slot++) log2.write(1, accepted(slot, B1, textOf(slot, 100)));
  log2.opened.wal.group(1).trim(11, FORMED);
  log2.turns.run();
  assert.ok(!log2.disk.paths().includes(FIRST), "the first segment was let go");
  const used = log2.disk
    .paths()
    .filter((path) => Buffer.from(log2.disk.bytes(path)).includes(textOf(1, 20).slice(0, 20)));
  assert.equal(used.length, 1, "and its file, with the stray, is another one");
  const next = log2.crash(LOSE_ALL);
  assert.deepEqual([next.opened.faults, durableOf(next).promisedLost], [[], false]);
});
