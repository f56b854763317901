import assert from "node:assert/strict";
import { test } from "node:test";
import { DISK_CHECKS } from "@quorate/log/suite";
import type { DiskFile } from "../../../packages/log/src/disk/disk.ts";
import { KEEP_ALL, LOSE_ALL, MemoryDisk } from "../../../packages/log/src/disk/memory-disk.ts";
import { Turns } from "../turns.ts";

for (const check of DISK_CHECKS) {
  test(`memory disk: ${check.name}`, () => {
    const turns = new Turns();
    let outcome: Error | null | "none" = "none";
    check.run({ disk: new MemoryDisk({ later: turns.later }) }, (failure) => {
      outcome = failure;
    });
    turns.run();
    assert.equal(outcome, null);
  });
}

function made(bytes: number): { turns: Turns; disk: MemoryDisk; file: DiskFile } {
  const turns = new Turns();
  const disk = new MemoryDisk({ later: turns.later });
  const file = turns.finish<DiskFile>((done) =>
    disk.create("f", bytes, (_, length) => new Uint8Array(length).fill(1), done),
  );
  return { turns, disk, file };
}

function write(turns: Turns, file: DiskFile, position: number, bytes: number, value: number): void {
  turns.finish<void>((done) => file.write(position, [new Uint8Array(bytes).fill(value)], done));
}

test("a power loss keeps what was synced, and of the rest each sector as its owner decides", () => {
  const { turns, disk, file } = made(2_048);
  write(turns, file, 0, 512, 2);
  turns.finish<void>((done) => file.sync(done));
  write(turns, file, 0, 2_048, 3);
  disk.crash(({ sector }) => [0, 512, 100, 0][sector]!);
  const bytes = disk.bytes("f");
  assert.ok(bytes.subarray(0, 512).every((byte) => byte === 2));
  assert.ok(bytes.subarray(512, 1_024).every((byte) => byte === 3));
  assert.ok(
    bytes.subarray(1_024, 1_024 + 96).every((byte) => byte === 3),
    "torn at a multiple of 16",
  );
  assert.ok(bytes.subarray(1_024 + 96).every((byte) => byte === 1));
});

test("what is written through survives a power loss once that is told, and not before", () => {
  const { turns, disk, file } = made(1_024);
  turns.finish<void>((done) => file.writeThrough(0, new Uint8Array(512).fill(2), done));
  file.writeThrough(512, new Uint8Array(512).fill(3), () => assert.fail("told after the power loss"));
  disk.crash(LOSE_ALL);
  turns.run();
  assert.equal(disk.bytes("f")[0], 2);
  assert.equal(disk.bytes("f")[512], 1);
});

test("a write through under way at a power loss is kept, lost or torn, sector by sector", () => {
  const { disk, file } = made(1_536);
  file.writeThrough(0, new Uint8Array(1_536).fill(2), () => assert.fail("told after the power loss"));
  disk.crash(({ sector }) => [512, 0, 64][sector]!);
  assert.deepEqual(
    [0, 511, 512, 1_024, 1_024 + 63, 1_024 + 64].map((at) => disk.bytes("f")[at]),
    [2, 2, 1, 2, 2, 1],
  );
});

test("a write through ends in one turn, and a failed sync of it leaves its bytes to be read and to be lost", () => {
  const { turns, disk, file } = made(512);
  const kinds: string[] = [];
  disk.fault = ({ kind }) => {
    kinds.push(kind);
    return kind === "sync" && kinds.length > 2 ? { kind: "error", position: 0 } : null;
  };
  let ended = false;
  file.writeThrough(0, new Uint8Array(512).fill(2), () => {
    ended = true;
  });
  turns.step();
  assert.ok(ended);
  assert.throws(() => turns.finish<void>((done) => file.writeThrough(0, new Uint8Array(512).fill(3), done)), {
    code: "LOG_FAILED",
  });
  assert.deepEqual(kinds, ["write", "sync", "write", "sync"]);
  assert.equal(disk.bytes("f")[0], 3);
  disk.crash(LOSE_ALL);
  assert.equal(disk.bytes("f")[0], 2);
});

test("a sync covers what was written when it began, not what came while it was under way", () => {
  const { turns, disk, file } = made(512);
  write(turns, file, 0, 512, 2);
  let synced = false;
  file.sync(() => {
    synced = true;
  });
  file.write(0, [new Uint8Array(512).fill(3)], () => undefined);
  turns.run();
  assert.ok(synced);
  disk.crash(LOSE_ALL);
  assert.equal(disk.bytes("f")[0], 2);
});

test("what a failed sync should have covered is lost though a later sync succeeds", () => {
  const { turns, disk, file } = made(512);
  write(turns, file, 0, 512, 2);
  disk.fault = () => ({ kind: "error", position: 0 });
  assert.throws(() => turns.finish<void>((done) => file.sync(done)), { code: "LOG_FAILED" });
  disk.fault = () => null;
  assert.throws(
    () => turns.finish<void>((done) => file.sync(done)),
    { code: "LOG_FAILED" },
    "the file is not to be trusted again",
  );
  const again = turns.finish<DiskFile>((done) => disk.open("f", done));
  turns.finish<void>((done) => again.sync(done));
  disk.crash(LOSE_ALL);
  assert.equal(disk.bytes("f")[0], 1);
});

test("a file lengthened and not synced may lose its length", () => {
  const { turns, disk, file } = made(512);
  write(turns, file, 512, 1_000, 4);
  const copy = disk.copy();
  disk.crash(LOSE_ALL);
  assert.equal(disk.bytes("f").length, 512);
  copy.crash(KEEP_ALL);
  assert.equal(copy.bytes("f").length, 1_512);
});

test("after a crash nothing that an old handle began ever ends", () => {
  const { turns, disk, file } = made(512);
  let ended = 0;
  file.write(0, [new Uint8Array(10)], () => (ended += 1));
  disk.list("", () => (ended += 1));
  disk.kill();
  file.sync(() => (ended += 1));
  file.read(0, 1, () => (ended += 1));
  turns.run();
  assert.equal(ended, 0);
  turns.finish<() => void>((done) => disk.claim(done));
});

test("a name that was being changed at a power loss is as before or as after, as its owner decides", () => {
  for (const decided of [0, 512]) {
    const { turns, disk } = made(512);
    disk.rename("f", "g", () => undefined);
    const copy = disk.copy();
    for (const one of [disk, copy]) {
      one.crash(() => decided);
      assert.deepEqual(one.paths(), decided === 0 ? ["f"] : ["g"]);
    }
    turns.run();
  }
});

test("a full disk refuses to make or lengthen a file, and nothing has changed", () => {
  const { turns, disk, file } = made(512);
  disk.bytesMax = 1_000;
  assert.throws(() => turns.finish<DiskFile>((done) => disk.create("g", 600, () => new Uint8Array(600), done)), {
    code: "DISK_FULL",
  });
  assert.throws(() => write(turns, file, 500, 600, 1), { code: "DISK_FULL" });
  write(turns, file, 0, 512, 9);
  disk.bytesMax = 2_000;
  write(turns, file, 500, 600, 1);
  assert.deepEqual(disk.paths(), ["f"]);
});

test("faults do what they say: lost, misdirected, stalled", () => {
  const { turns, disk, file } = made(1_024);
  disk.fault = () => ({ kind: "lost", position: 0 });
  write(turns, file, 0, 512, 5);
  disk.fault = () => ({ kind: "misdirected", position: 512 });
  write(turns, file, 0, 512, 6);
  assert.deepEqual([disk.bytes("f")[0], disk.bytes("f")[512]], [1, 6]);
  disk.fault = () => ({ kind: "stall", position: 0 });
  let ended = false;
  file.sync(() => {
    ended = true;
  });
  turns.run();
  assert.equal(ended, false);
});

test("what a sync made durable is told with its bytes, though the same sectors were written again since", () => {
  const turns = new Turns();
  const told: { readonly from: number; readonly end: number; readonly first: number }[] = [];
  const disk = new MemoryDisk({
    later: turns.later,
    synced: (_path, { from, end, image }) => told.push({ from, end, first: image[from]! }),
  });
  const file = turns.finish<DiskFile>((done) =>
    disk.create("f", 2_048, (_, length) => new Uint8Array(length).fill(1), done),
  );
  write(turns, file, 512, 1_024, 2);
  file.write(512, [new Uint8Array(512).fill(3)], () => undefined);
  file.sync(() => undefined);
  file.write(512, [new Uint8Array(512).fill(4)], () => undefined);
  turns.run();
  assert.equal(told.length, 1);
  const { first, from, end } = told[0]!;
  assert.deepEqual([from, end], [512, 1_536]);
  disk.crash(LOSE_ALL);
  assert.equal(disk.bytes("f")[512], first, "what was told is what a power loss leaves");
});
