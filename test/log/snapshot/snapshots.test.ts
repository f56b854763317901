import assert from "node:assert/strict";
import { test } from "node:test";
import { type Decide, LOSE_ALL, MemoryDisk } from "../../../packages/log/src/disk/memory-disk.ts";
import { takeCheckpoint, checkpointDue } from "../../../packages/log/src/snapshot/checkpoint.ts";
import { openSnapshots, type Snapshots } from "../../../packages/log/src/snapshot/snapshots.ts";
import { snapshotPath } from "../../../packages/log/src/snapshot/snapshot-format.ts";
import type { SnapshotHead } from "../../../packages/log/src/wal/group-log.ts";
import { openWal, type OpenedWal } from "../../../packages/log/src/wal/wal.ts";
import { Turns } from "../turns.ts";
import { accepted, CLUSTER, SMALL } from "../wal/logs.ts";
import { head, imageBytes, LIMITS, TextImage } from "./images.ts";

interface Opened {
  readonly turns: Turns;
  readonly disk: MemoryDisk;
  readonly snapshots: Snapshots;
}

function open(disk: MemoryDisk | null = null, cluster = CLUSTER): Opened {
  const turns = new Turns();
  const own = disk === null ? new MemoryDisk({ later: turns.later }) : disk.copy(turns.later);
  own.kill();
  const snapshots = turns.finish<Snapshots>((done) => openSnapshots({ disk: own, cluster, limits: LIMITS }, done));
  return { turns, disk: own, snapshots };
}

function write({ turns, snapshots }: Opened, slot: number, bytes: number, group = 1): TextImage {
  const image = new TextImage(slot, bytes);
  turns.finish<void>((done) => snapshots.write(head(slot, group), image, done));
  return image;
}

function read({ turns, snapshots }: Opened, group = 1): { found: SnapshotHead | null; bytes: Uint8Array } {
  const chunks: Uint8Array[] = [];
  const found = turns.finish<SnapshotHead | null>((done) => snapshots.read(group, (chunk) => chunks.push(chunk), done));
  return { found, bytes: Buffer.concat(chunks) };
}

test("a snapshot comes back with its head and its image, after a power loss that loses all that is unsynced", () => {
  const one = open();
  assert.equal(write(one, 7, 3_500).released, true);
  one.disk.crash(LOSE_ALL);
  const two = open(one.disk);
  assert.deepEqual(two.snapshots.latest(1), head(7));
  const { found, bytes } = read(two);
  assert.deepEqual(found, head(7));
  assert.ok(Buffer.from(imageBytes(7, 3_500)).equals(bytes));
});

test("an empty image is a snapshot, and a group without one has none", () => {
  const one = open();
  write(one, 1, 0);
  assert.equal(read(open(one.disk)).bytes.length, 0);
  assert.equal(one.snapshots.latest(2), null);
  assert.equal(read(one, 2).found, null);
});

test("a newer snapshot replaces the older one of its group only", () => {
  const one = open();
  write(one, 5, 100);
  write(one, 6, 100, 2);
  write(one, 9, 2_000);
  assert.deepEqual(one.disk.paths(), [snapshotPath(1, 9), snapshotPath(2, 6)]);
  assert.equal(open(one.disk).snapshots.latest(1)?.slot, 9);
});

test("bug 26: at every moment of a checkpoint a power loss leaves a whole snapshot and all of the log above it (M4, E2)", () => {
  const turns = new Turns();
  const disk = new MemoryDisk({ later: turns.later });
  const snapshots = turns.finish<Snapshots>((done) => openSnapshots({ disk, cluster: CLUSTER, limits: LIMITS }, done));
  const options = {
    clock: turns,
    cluster: CLUSTER,
    limits: SMALL,
    openSlots: 16,
    onFailed: (error: Error) => assert.fail(error),
  };
  const coveredBy =
    (kept: Snapshots) =>
    (group: number): number =>
      kept.latest(group)?.slot ?? 0;
  const { wal } = turns.finish<OpenedWal>((done) =>
    openWal({ ...options, disk, coveredTo: coveredBy(snapshots) }, done),
  );
  const log = wal.group(1);
  for (let slot = 1; slot <= 40; slot++) {
    log.append([accepted(slot, 1_025, "c".repeat(600))], () => undefined);
    turns.run();
  }
  let states = 0;
  const check = (): void => {
    for (const decide of [() => 0, () => 512, ({ sector }) => (sector % 3) * 256] satisfies Decide[]) {
      const copy = disk.copy(() => undefined);
      copy.crash(decide);
      const next = open(copy);
      const covered = next.snapshots.latest(1)?.slot ?? 0;
      if (covered > 0) assert.ok(Buffer.from(imageBytes(covered, 5_000)).equals(read(next).bytes));
      const again = copy.copy(next.turns.later);
      again.kill();
      const opened = next.turns.finish<OpenedWal>((done) =>
        openWal({ ...options, clock: next.turns, disk: again, coveredTo: coveredBy(next.snapshots) }, done),
      );
      assert.deepEqual(opened.faults, []);
      const { durable } = opened.groups.get(1)!;
      assert.ok(durable.base <= covered, `base ${durable.base}, snapshot to ${covered}`);
      const slots = durable.accepted.map(({ slot }) => slot);
      for (let slot = covered + 1; slot <= 40; slot++) assert.ok(slots.includes(slot), `slot ${slot} is nowhere`);
      states++;
    }
  };
  for (const slot of [15, 30]) {
    let ended = false;
    takeCheckpoint({ snapshots, log }, head(slot), new TextImage(slot, 5_000), (error) => {
      assert.equal(error, null);
      ended = true;
    });
    do check();
    while (turns.step());
    assert.ok(ended);
  }
  assert.ok(states > 100, String(states));
  assert.ok(log.slotFirst > 10);
});

test("every flipped bit of a snapshot is found, with file and offset", () => {
  const one = open();
  write(one, 7, 1_500);
  const path = snapshotPath(1, 7);
  const { length } = one.disk.bytes(path);
  for (let position = 0; position < length; position += 11) {
    const disk = one.disk.copy();
    disk.flip(path, position, position % 8);
    const next = open(disk);
    if (next.snapshots.latest(1) === null) {
      assert.equal(next.snapshots.faults[0]?.file, path, `byte ${position}`);
      continue;
    }
    assert.throws(
      () => read(next),
      (error: { code?: string; detail?: { file: string; offset: number } }) => {
        assert.equal(error.code, "LOG_CORRUPT", `byte ${position}`);
        assert.equal(error.detail!.file, path);
        return error.detail!.offset <= position;
      },
    );
  }
});

test("a full disk leaves nothing of a snapshot, releases its image, and keeps the one before", () => {
  const one = open();
  write(one, 3, 1_000);
  one.disk.bytesMax = one.disk.bytesUsed + 2_000;
  const image = new TextImage(9, 6_000);
  assert.throws(() => one.turns.finish<void>((done) => one.snapshots.write(head(9), image, done)), {
    code: "DISK_FULL",
  });
  assert.equal(image.released, true);
  assert.deepEqual(one.disk.paths(), [snapshotPath(1, 3)]);
  one.disk.bytesMax = Number.POSITIVE_INFINITY;
  write(one, 9, 6_000);
  assert.equal(one.snapshots.latest(1)?.slot, 9);
});

test("a failed sync of a snapshot leaves the one before in force", () => {
  const one = open();
  write(one, 3, 1_000);
  one.disk.fault = ({ kind }) => (kind === "sync" ? { kind: "error", position: 0 } : null);
  assert.throws(() => write(one, 9, 1_000), { code: "LOG_FAILED" });
  one.disk.fault = () => null;
  assert.equal(one.snapshots.latest(1)?.slot, 3);
  one.disk.crash(LOSE_ALL);
  assert.equal(open(one.disk).snapshots.latest(1)?.slot, 3);
});

test("an image that throws does not become a snapshot, and is released", () => {
  const one = open();
  const image = new TextImage(4, 100);
  image.next = () => {
    throw new Error("no");
  };
  assert.throws(() => one.turns.finish<void>((done) => one.snapshots.write(head(4), image, done)), {
    code: "LOG_CORRUPT",
  });
  assert.equal(image.released, true);
  assert.deepEqual(one.disk.paths(), []);
});

test("a snapshot of another cluster is refused, one of a later format too", () => {
  const one = open();
  write(one, 4, 100);
  assert.throws(() => open(one.disk, "other"), { code: "WRONG_CLUSTER" });
});

test("a checkpoint is due by entries or by bytes, never for nothing", () => {
  const limits = { checkpointEntries: 10, checkpointBytes: 1_000 };
  assert.equal(checkpointDue(0, 5_000, 0, limits), false);
  assert.equal(checkpointDue(9, 999, 0, limits), false);
  assert.equal(checkpointDue(10, 0, 0, limits), true);
  assert.equal(checkpointDue(1, 1_000, 0, limits), true);
  assert.equal(checkpointDue(1, 1_000, 501, limits), false);
  assert.equal(checkpointDue(1, 1_002, 501, limits), true);
});
