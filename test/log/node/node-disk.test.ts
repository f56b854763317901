import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createNodeClock, createNodeDisk } from "@quorate/log/node";
import { DISK_CHECKS } from "@quorate/log/suite";
import type { DiskFile, Done } from "../../../packages/log/src/disk/disk.ts";
import { WAL_DEFAULTS } from "../../../packages/log/src/wal/limits.ts";
import { type OpenedWal, openWal } from "../../../packages/log/src/wal/wal.ts";
import { accepted, promised } from "../wal/logs.ts";

const root = mkdtempSync(join(tmpdir(), "quorate-disk-"));
after(() => {
  rmSync(root, { recursive: true, force: true });
});
let folders = 0;

function folder(): string {
  folders += 1;
  return join(root, `folder-${folders}`);
}

async function ended<T>(begin: (done: Done<T>) => void): Promise<T> {
  return await new Promise((resolve, reject) => {
    begin((error, value) => {
      if (error === null) resolve(value);
      else reject(error);
    });
  });
}

for (const check of DISK_CHECKS) {
  test(`node disk: ${check.name}`, async () => {
    const failure = await new Promise((resolve) => {
      check.run({ disk: createNodeDisk(folder()) }, resolve);
    });
    assert.equal(failure, null);
  });
}

test(
  "on Linux what is written through goes through a descriptor with O_DSYNC, from any memory and at any place, and closes with the file",
  { skip: process.platform !== "linux" },
  async () => {
    const path = folder();
    const disk = createNodeDisk(path);
    const file = await ended<DiskFile>((done) =>
      disk.create("one", 2_048, (_, length) => new Uint8Array(length), done),
    );
    const sectors = disk.buffer(1_024).subarray(0, 1_024).fill(7);
    await ended<void>((done) => file.writeThrough(512, sectors, done));
    const flags = flagsOf(join(path, "one"));
    assert.equal(flags.length, 2);
    assert.equal(flags.filter((each) => (each & constants.O_DSYNC) !== 0).length, 1);
    await ended<void>((done) => file.writeThrough(3, Uint8Array.of(1, 2, 3), done));
    await ended<void>((done) => file.writeThrough(1_536, new Uint8Array(512).fill(9), done));
    const expected = new Uint8Array(2_048).fill(7, 512, 1_536).fill(9, 1_536);
    expected.set([1, 2, 3], 3);
    assert.deepEqual(await ended<Uint8Array>((done) => file.read(0, 2_048, done)), expected);
    await ended<void>((done) => file.close(done));
    assert.deepEqual(flagsOf(join(path, "one")), []);
  },
);

/** The flags of each descriptor that this process has of a file. */
function flagsOf(path: string): number[] {
  return readdirSync("/proc/self/fd")
    .filter((number) => linkOf(`/proc/self/fd/${number}`) === path)
    .map((number) => /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, "utf8"))![1]!)
    .map((octal) => Number.parseInt(octal, 8));
}

/** Where a link of `/proc` leads; the descriptor of the listing itself leads nowhere any more. */
function linkOf(path: string): string | null {
  return existsSync(path) ? readlinkSync(path) : null;
}

test("a folder is held by this process, by its pid, and free after release", async () => {
  const path = folder();
  const release = await ended<() => void>((done) => createNodeDisk(path).claim(done));
  await assert.rejects(
    ended<() => void>((done) => createNodeDisk(path).claim(done)),
    {
      code: "FOLDER_IN_USE",
      detail: { folder: path, pid: process.pid },
    },
  );
  release();
});

/** The name under which this process holds `path`, in parts. */
async function claimName(path: string): Promise<string[]> {
  const release = await ended<() => void>((done) => createNodeDisk(path).claim(done));
  const name = readdirSync(path).find((one) => one.startsWith("LOCK_"));
  release();
  assert.ok(name !== undefined);
  return name.split("_");
}

test("a claim whose process is gone is taken over; one of a living process is not", async () => {
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  const path = folder();
  const [lock, pid, started, boot, namespace, random] = (await claimName(path)) as [string, ...string[]];
  const take = async (...parts: (string | number | undefined)[]): Promise<() => void> => {
    for (const left of readdirSync(path)) rmSync(join(path, left));
    writeFileSync(join(path, parts.join("_")), "");
    return await ended<() => void>((done) => createNodeDisk(path).claim(done));
  };
  (await take(lock, gone, started, boot, namespace, random))();
  (await take(lock, pid, "1", boot, namespace, random))();
  (await take(lock, pid, started, "another-boot", namespace, random))();
  const living = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: ["pipe", "ignore", "ignore"] });
  try {
    await assert.rejects(take(lock, living.pid, "", boot, namespace, random), { code: "FOLDER_IN_USE" });
  } finally {
    const exit = once(living, "exit");
    living.stdin.end();
    await exit;
  }
});

test("of many who take over a stale claim at once, at most one gets the folder, and whoever comes later does", async () => {
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  const path = folder();
  const [lock, , , boot, namespace, random] = (await claimName(path)) as [string, ...string[]];
  writeFileSync(join(path, [lock, gone, "1", boot, namespace, random].join("_")), "");
  const claims = await Promise.allSettled(
    Array.from({ length: 8 }, async () => await ended<() => void>((done) => createNodeDisk(path).claim(done))),
  );
  const held = claims.filter((claim) => claim.status === "fulfilled");
  assert.ok(held.length <= 1);
  for (const claim of held) claim.value();
  (await ended<() => void>((done) => createNodeDisk(path).claim(done)))();
  assert.deepEqual(readdirSync(path), []);
});

test("a folder that may not be written is NOT_WRITABLE", { skip: process.getuid?.() === 0 }, async () => {
  const path = folder();
  (await ended<() => void>((done) => createNodeDisk(path).claim(done)))();
  chmodSync(path, 0o500);
  await assert.rejects(
    ended<() => void>((done) => createNodeDisk(path).claim(done)),
    { code: "NOT_WRITABLE" },
  );
  chmodSync(path, 0o700);
});

test("a log on the real disk is read back after its process closed it, and after it just stopped", async () => {
  const disk = createNodeDisk(folder());
  const limits = { ...WAL_DEFAULTS, segmentBytes: 64 * 1024, unitBytesMax: 32 * 1024, cacheBytesMax: 0 };
  const open = async (): Promise<OpenedWal> =>
    await ended<OpenedWal>((done) => {
      const onFailed = (error: Error): void => assert.fail(error);
      const room = { disk, clock: createNodeClock(), cluster: "test", limits, openSlots: 16, coveredTo: () => 0 };
      openWal({ ...room, onFailed }, done);
    });
  const first = await open();
  const log = first.wal.group(1);
  await new Promise<number>((resolve) => log.append([promised(1_025)], resolve));
  for (let slot = 1; slot <= 20; slot++) {
    await new Promise<number>((resolve) => log.append([accepted(slot, 1_025, `${slot} `.padEnd(9_000, "r"))], resolve));
  }
  const read = await ended<readonly { slot: number }[]>((done) => log.entries(1, 20, 1 << 20, done));
  assert.equal(read.length, 20);
  await ended<void>((done) => first.wal.close(done));
  const second = await open();
  assert.deepEqual(second.faults, []);
  assert.equal(second.groups.get(1)!.durable.accepted.length, 20);
  await new Promise<number>((resolve) => second.wal.group(1).append([accepted(21, 1_025)], resolve));
  const third = await open();
  assert.equal(third.groups.get(1)!.durable.accepted.length, 21);
  await ended<void>((done) => third.wal.close(done));
});
