import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { crc32c } from "@quorate/machine";
import { type Done, type FolderReport, inspectFolder, type MemoryDisk, type UnitReport } from "@quorate/log";
import { createNodeClock, createNodeDisk, createNodeReader } from "@quorate/log/node";
import { writeIdentity } from "../../../packages/log/src/host/identity.ts";
import { openSnapshots } from "../../../packages/log/src/snapshot/snapshots.ts";
import { openWal, type OpenedWal } from "../../../packages/log/src/wal/wal.ts";
import { head, TextImage } from "../snapshot/images.ts";
import { Turns } from "../turns.ts";
import { accepted, CLUSTER, FORMED, Process, promised, SMALL } from "../wal/logs.ts";

const BALLOT = 1_025;
const IDENTITY = { cluster: CLUSTER, node: 1, incarnation: 1_000, state: "formed", members: [] } as const;
const CHUNKS = { chunkBytes: 256, sendBytesPerSecond: 1, retryMs: 1, giveUpMs: 1 };

/** A closed folder: an identity, a log of a few units over two segments, a snapshot to slot 2. */
function folder(): MemoryDisk {
  const log = new Process();
  log.turns.finish<void>((done) => writeIdentity(log.disk, IDENTITY, done));
  log.write(1, promised(BALLOT));
  for (let slot = 1; slot <= 9; slot++) log.write(1, accepted(slot, BALLOT, "v".repeat(1_000 + slot)));
  log.turns.finish<void>((done) =>
    openSnapshots({ disk: log.disk, cluster: CLUSTER, limits: CHUNKS }, (error, snapshots) => {
      assert.equal(error, null);
      snapshots.write(head(2), new TextImage(2, 1_000), done);
    }),
  );
  log.opened.wal.group(1).trim(2, FORMED);
  log.turns.run();
  return log.reopen().disk;
}

/** The outcome of an operation of a real disk. */
function ended<T = void>(begin: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => begin((error, value) => (error === null ? resolve(value) : reject(error))));
}

/** Every file of a folder, by its hash. */
function contents(path: string): Record<string, string> {
  const names = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const hash = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
  return Object.fromEntries(names.map(({ parentPath, name }) => [name, hash(join(parentPath, name))]));
}

function inspect(disk: MemoryDisk, tell: (unit: UnitReport) => void = () => undefined): FolderReport {
  const turns = new Turns();
  const copy = disk.copy(turns.later);
  copy.kill();
  const before = copy.paths().map((path) => copy.bytes(path));
  const report = turns.finish<FolderReport>((done) => inspectFolder(copy, tell, done));
  assert.deepEqual(
    copy.paths().map((path) => copy.bytes(path)),
    before,
  );
  return report;
}

test("a sound folder has no faults, and every segment, unit, record, group and snapshot is told", () => {
  const units: UnitReport[] = [];
  const report = inspect(folder(), (unit) => units.push(unit));
  assert.deepEqual(report.faults, []);
  assert.deepEqual(report.torn, []);
  assert.equal(report.identity?.incarnation, IDENTITY.incarnation);
  const votes = units.flatMap(({ records }) => records).filter(({ kind }) => kind === "accepted");
  assert.deepEqual(
    votes.filter(({ moved }) => !moved).map(({ slot, ballot, payloadBytes }) => [slot, ballot, payloadBytes]),
    Array.from({ length: 9 }, (_, index) => [index + 1, BALLOT, 1_001 + index]),
  );
  assert.deepEqual(
    units.map(({ unit }) => unit),
    Array.from({ length: report.unit }, (_, index) => index + 1),
  );
  assert.equal(report.segments.filter(({ spare }) => spare).length, 2);
  assert.equal(Math.max(...report.segments.map(({ slotTo }) => slotTo)), 9);
  const [group] = report.groups;
  assert.deepEqual([group?.promised, group?.base, group?.votes, group?.slotTo], [BALLOT, 2, 7, 9]);
  assert.deepEqual(
    report.snapshots.map(({ slot, revision, digest }) => [slot, revision, digest]),
    [[2, head(2).revision, head(2).digest]],
  );
});

test("a flipped bit anywhere in what was written is found, with its file and a place no further than the bit", () => {
  const disk = folder();
  const sound = inspect(disk);
  const written = new Map(sound.segments.map(({ file, writtenTo, spare }) => [file, spare ? 512 : writtenTo]));
  let flips = 0;
  for (const path of disk.paths()) {
    const bytes = written.get(path) ?? disk.bytes(path).length;
    for (let at = 0; at < bytes; at += path.endsWith(".seg") ? 13 : 3) {
      const copy = disk.copy(() => undefined);
      copy.flip(path, at, at % 8);
      const report = inspect(copy);
      assert.ok(report.faults.length > 0, `${path} at ${at}`);
      for (const fault of report.faults) {
        assert.ok(fault.action !== "" && fault.why !== "", `${path} at ${at}`);
        if (fault.file === path) assert.ok(fault.offset <= bytes, `${path} at ${at}: ${JSON.stringify(fault)}`);
      }
      const named = report.faults.some(({ file }) => file === path);
      assert.ok(named, `${path} at ${at}: ${JSON.stringify(report.faults)}`);
      flips++;
    }
  }
  assert.ok(flips > 1_000, String(flips));
});

test("what a power loss cuts off is told as torn, not as a fault", () => {
  const log = new Process();
  log.turns.finish<void>((done) => writeIdentity(log.disk, IDENTITY, done));
  log.write(1, promised(BALLOT));
  log.opened.wal.group(1).append([accepted(1, BALLOT, "v".repeat(2_000))], () => assert.fail("it was never synced"));
  log.disk.fault = ({ kind }) => (kind === "sync" ? { kind: "stall", position: 0 } : null);
  log.turns.run();
  log.disk.crash(({ kind, sector }) => (kind === "sector" && sector % 2 === 0 ? 512 : 0));
  const report = inspect(log.disk);
  assert.deepEqual(report.faults, []);
  assert.equal(report.torn.length, 1);
});

test("a segment that was cut short, a missing one, and a missing snapshot are faults", () => {
  const disk = folder();
  const report = inspect(disk);
  const gone = disk.copy(() => undefined);
  gone.lose(report.segments[0]!.file);
  assert.ok(inspect(gone).faults.length > 0);
  const bare = disk.copy(() => undefined);
  bare.lose(report.snapshots[0]!.file);
  assert.match(inspect(bare).faults[0]!.why, /newest whole snapshot covers slot 0/);
  const nameless = disk.copy(() => undefined);
  nameless.lose("identity");
  nameless.lose("identity.copy");
  assert.equal(inspect(nameless).faults[0]!.code, "WIPED");
});

test("a folder that was found to be an old copy of its disk says so", () => {
  const disk = folder();
  const turns = new Turns();
  const copy = disk.copy(turns.later);
  turns.finish<void>((done) => writeIdentity(copy, { ...IDENTITY, state: "old-copy" }, done));
  const { identity, faults } = inspect(copy);
  assert.deepEqual([identity?.state, faults.map(({ code }) => code)], ["old-copy", ["WIPED"]]);
});

test("a log or a snapshot of a newer format is refused by name and version", () => {
  for (const path of ["wal/0000000000000001.seg", "snapshot/1-0000000000000002.snap"]) {
    const disk = folder();
    const bytes = disk.bytes(path);
    const view = new DataView(bytes.buffer);
    view.setUint32(4, 2, true);
    if (path.startsWith("wal")) view.setUint32(28, crc32c(bytes, 0, 0, 28), true);
    else {
      const header = bytes.subarray(0, 72 + Math.ceil(view.getUint32(16, true) / 8) * 8);
      view.setUint32(20, crc32c(header, crc32c(header, 0, 0, 20), 24), true);
    }
    disk.overwrite(path, 0, bytes);
    const [fault] = inspect(disk).faults;
    assert.deepEqual([fault?.code, fault?.file], ["LOG_NEWER", path]);
  }
});

test("a real folder is not changed by being looked at, and one that a process holds is refused", async () => {
  const path = mkdtempSync(join(tmpdir(), "quorate-inspect-"));
  try {
    const disk = createNodeDisk(path);
    const release = await ended<() => void>((done) => disk.claim(done));
    await ended((done) => writeIdentity(disk, IDENTITY, done));
    const { wal } = await ended<OpenedWal>((done) =>
      openWal(
        {
          disk,
          clock: createNodeClock(),
          cluster: CLUSTER,
          limits: SMALL,
          openSlots: 16,
          coveredTo: () => 0,
          onFailed: assert.ifError,
        },
        done,
      ),
    );
    await new Promise<void>((resolve) => wal.group(1).append([promised(BALLOT)], () => resolve()));
    const reader = createNodeReader(path);
    await assert.rejects(
      ended<() => void>((done) => reader.claim(done)),
      { code: "FOLDER_IN_USE", message: new RegExp(`process ${process.pid}`) },
    );
    await ended((done) => wal.close(done));
    release();
    writeFileSync(join(path, "wal", "0000000000000009.seg.new"), "half made");
    const before = contents(path);
    await ended<() => void>((done) => reader.claim(done));
    const report = await ended<FolderReport>((done) => inspectFolder(reader, () => undefined, done));
    assert.deepEqual(report.faults, []);
    assert.deepEqual(report.unfinished, ["wal/0000000000000009.seg.new"]);
    assert.deepEqual(contents(path), before);
    await assert.rejects(
      ended<() => void>((done) => createNodeReader(join(path, "none")).claim(done)),
      { code: "BAD_OPTION" },
    );
  } finally {
    rmSync(path, { recursive: true });
  }
});
