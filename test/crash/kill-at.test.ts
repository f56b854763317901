import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { checkByRevision } from "@quorate/check";
import { connect, startTestCluster, type TestCluster } from "quorate";

import { BIN, quorate } from "../quorate/command.ts";
import { caughtUp } from "./kills.ts";
import { Load } from "./load.ts";
import { lostWrites } from "./lost-writes.ts";

/** So small that segments roll, checkpoints come and the log is cut within a second. */
const SMALL = {
  segmentBytes: 256 * 1024,
  unitBytesMax: 128 * 1024,
  batchBytesMax: 32 * 1024,
  commandBytesMax: 32 * 1024,
  batchCommandsMax: 256,
  checkpointEntries: 300,
  checkpointBytes: 256 * 1024,
  chunkBytes: 16 * 1024,
  // Slower than the load writes: one that was away is outrun while it takes a snapshot.
  sendBytesPerSecond: 2 * 1024 * 1024,
};
const VALUE_BYTES = 600;
const SETTLE_MS = 30_000;

/**
 * Resolves once a file that `name` matches is made in the folder; only files that come after the call count. The platform is asked to tell: one that is gone
 * again before a busy machine looks is not missed.
 */
async function appears(folder: string, name: RegExp): Promise<string> {
  const before = new Set(existsSync(folder) ? readdirSync(folder) : []);
  while (!existsSync(folder)) await aMoment();
  const watcher = watch(folder);
  try {
    return await new Promise((resolve, reject) => {
      const look = (file: string | Buffer | null): void => {
        if (typeof file === "string" && name.test(file) && !before.has(file)) resolve(file);
      };
      watcher.on("change", (_event, file) => look(file));
      watcher.on("error", reject);
      for (const file of readdirSync(folder)) look(file);
    });
  } finally {
    watcher.close();
  }
}

/** The leader, once everybody has what it had. */
async function settled(cluster: TestCluster): Promise<number> {
  const leader = await caughtUp(cluster, performance.now() + SETTLE_MS);
  assert.notEqual(leader, 0, `the replicas did not catch up within ${SETTLE_MS} ms of load`);
  return leader;
}

/** As short as a timer can be: who looks without a pause takes the processor from those that are looked at. */
function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

describe("a process that is killed at the worst moment, under load", () => {
  const folder = mkdtempSync(join(tmpdir(), "quorate-kill-"));
  let cluster: TestCluster;
  let load: Load;

  before(async () => {
    cluster = await startTestCluster({ folder, limits: SMALL });
    load = new Load(cluster.endpoints, 16, 4, VALUE_BYTES);
  });
  after(async () => {
    await load.stop();
    await cluster.stop();
    rmSync(folder, { recursive: true });
  });

  const wal = (node: number): string => join(cluster.folder, String(node), "wal");
  const snapshots = (node: number): string => join(cluster.folder, String(node), "snapshot");

  /** Kills a node the moment that a file appears in one of its folders, and starts it again. */
  async function killAt(node: number, folderOf: (node: number) => string, file: RegExp): Promise<void> {
    await appears(folderOf(node), file);
    await cluster.kill(node);
    await cluster.start(node);
  }

  test("while a segment is made, and when it is just made", async () => {
    const leader = await settled(cluster);
    await killAt(leader, wal, /\.seg\.new$/);
    await killAt((leader % 3) + 1, wal, /\.seg$/);
  });

  test("while a snapshot is written, and when it is just written", async () => {
    const leader = await settled(cluster);
    await killAt(leader, snapshots, /\.snap\.new$/);
    await killAt((leader % 3) + 1, snapshots, /\.snap$/);
  });

  test("while a snapshot comes from a peer, twice, and when it is just installed", async () => {
    const leader = await settled(cluster);
    const away = (leader % 3) + 1;
    await cluster.kill(away);
    for (const file of [/\.snap\.part$/, /\.snap\.part$/, /\.snap$/]) {
      // The others let go of the log that it lacks: it may have all of it, if a busy machine killed it late.
      const lacking = readdirSync(wal(leader));
      while (readdirSync(wal(leader)).some((name) => lacking.includes(name))) await aMoment();
      const seen = appears(snapshots(away), file);
      await cluster.start(away);
      await seen;
      await cluster.kill(away);
    }
    await cluster.start(away);
  });

  test("a restore that is killed leaves nothing that starts by itself; restored anew, all of it is there", async () => {
    await load.stop();
    const file = join(folder, "saved");
    const data = join(folder, "restored");
    const saved = await quorate(["snapshot", "save", file, "--endpoints", cluster.endpoints.join(",")]);
    assert.equal(saved.code, 0, saved.stderr);
    const restore = ["snapshot", "restore", file, "--data", data, "--cluster", "other"];
    for (const [node, name] of [
      ["1", /^snapshot$/],
      ["2", /^identity/],
      ["3", /^LOCK_/],
    ] as const) {
      const seen = appears(join(data, node), name);
      const child = spawn(process.execPath, [BIN, ...restore], { stdio: "ignore" });
      await seen;
      child.kill("SIGKILL");
      await once(child, "exit");
      const again = await quorate(restore);
      assert.match(again.stderr, /is not empty/);
      rmSync(data, { recursive: true });
    }
    assert.equal((await quorate(restore)).code, 0);
    const started = await startTestCluster({ data, cluster: "other" });
    const [before, next] = [connect(cluster.endpoints), connect(started.endpoints)];
    try {
      const all = async ({ kv }: typeof next): Promise<string[]> => {
        const rows: string[] = [];
        for await (const { key, text, modRevision } of kv.scan({ from: "" }))
          rows.push(`${key} ${text} ${modRevision}`);
        return rows;
      };
      assert.deepEqual(await all(next), await all(before));
    } finally {
      await Promise.all([before.close(), next.close()]);
      await started.stop();
    }
  });

  test("after all of it every acknowledged write is in every replica, and the history is linearizable", async () => {
    assert.notEqual(await caughtUp(cluster, performance.now() + SETTLE_MS), 0, "the replicas did not catch up");
    const complaints: string[] = [];
    assert.equal(await lostWrites(cluster, load.operations, complaints), 0);
    assert.deepEqual(complaints, []);
    assert.equal(checkByRevision(load.operations).verdict, "linearizable");
    assert.ok(load.acknowledgedMs.length > 1_000, `${load.acknowledgedMs.length} writes`);
    const verified = await Promise.all(
      cluster.nodes.map(async (node) => {
        await cluster.kill(node);
        return quorate(["log", "verify", join(cluster.folder, String(node))]);
      }),
    );
    for (const { code, stdout, stderr } of verified) assert.equal(code, 0, stdout + stderr);
  });
});
