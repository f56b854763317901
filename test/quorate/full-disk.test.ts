import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect, freePorts, type Quorate, QuorateError } from "quorate";

import { BIN, finished } from "./command.ts";

const MIB = 1024 * 1024;
const LIMITS = {
  segmentBytes: MIB / 4,
  unitBytesMax: MIB / 8,
  batchBytesMax: MIB / 32,
  commandBytesMax: MIB / 32,
  batchCommandsMax: 256,
  fullRetryMs: 20,
};

/** A file system of its own; `null` where this user may not mount one. */
function mounted(folder: string, bytes: number): (() => void) | null {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return null; // the tests that need it say that they were passed over
  }
  return () => execFileSync("umount", [folder]);
}

describe("one replica on a disk that fills up", () => {
  const folder = mkdtempSync(join(tmpdir(), "quorate-full-"));
  const unmount = mounted(folder, 3 * MIB);
  const skip = unmount === null ? "this user may not mount a file system" : false;
  let client: Quorate;
  let serving: ReturnType<typeof spawn>;

  before(async () => {
    if (skip !== false) return;
    const [port] = await freePorts(1);
    const limits = Object.entries(LIMITS).flatMap(([name, value]) => ["--limit", `${name}=${value}`]);
    const serve = ["serve", "--cluster", "full", "--id", "1", "--peers", `1=127.0.0.1:${port}`, ...limits];
    serving = spawn(process.execPath, [BIN, ...serve, "--data", join(folder, "1")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    await once(serving.stdout!, "data");
    client = connect([`127.0.0.1:${port}`]);
  });
  after(async () => {
    if (unmount !== null) {
      await client.close();
      if (serving.exitCode === null) {
        serving.kill("SIGTERM");
        await once(serving, "exit");
      }
      unmount();
    }
    rmSync(folder, { recursive: true, force: true });
  });

  test(
    "it refuses writes with DISK_FULL, answers reads, and goes on by itself once there is space",
    { skip },
    async () => {
      const { kv } = client;
      await kv.put("first", "1");
      const filler = join(folder, "filler");
      mkdirSync(filler);
      fill(join(filler, "file"));
      const value = new Uint8Array(8_000);
      let written = 0;
      let refusal: QuorateError | null = null;
      while (refusal === null) {
        try {
          await kv.put(`key-${written}`, value, { timeoutMs: 2_000 });
          written += 1;
        } catch (error) {
          assert.ok(error instanceof QuorateError);
          // What was on its way when the space ended waits for it, and may end as unknown; a new one is refused at once.
          if (error.code === "DISK_FULL") refusal = error;
          else assert.deepEqual([error.code, error.outcome], ["DEADLINE", "unknown"]);
        }
      }
      assert.equal(refusal.outcome, "not-applied");
      assert.match(refusal.message, /space/);
      assert.equal((await kv.get("first", { level: "stale" }))?.text, "1");
      assert.equal((await kv.get("first"))?.text, "1");
      const status = await client.client.status(client.client.endpoints()[0]!.endpoint);
      assert.equal(status["diskFull"], 1);
      rmSync(filler, { recursive: true });
      for (;;) {
        try {
          await kv.put("last", "1");
          break;
        } catch (error) {
          assert.equal((error as QuorateError).code, "DISK_FULL");
        }
      }
      for (let key = 0; key < written; key++) assert.equal((await kv.get(`key-${key}`))?.value.length, value.length);
      assert.equal(serving.exitCode, null);
    },
  );

  test(
    "when a write inside a made segment fails it says which and why, and ends with exit code 1",
    { skip },
    async () => {
      const wal = join(folder, "1", "wal");
      // The segments that were made ahead lose their blocks, and nothing is left to give them others.
      const ahead = readdirSync(wal)
        .filter((name) => name.endsWith(".seg"))
        .sort()
        .slice(-2);
      for (const name of ahead)
        execFileSync("fallocate", [
          "--punch-hole",
          "--offset",
          "0",
          "--length",
          `${LIMITS.segmentBytes}`,
          join(wal, name),
        ]);
      fill(join(folder, "filler"));
      const ended = finished(serving);
      const { kv } = client;
      const value = new Uint8Array(8_000);
      while (serving.exitCode === null)
        await kv
          .put("key", value, { timeoutMs: 1_000 })
          .catch((error: unknown) => assert.ok(error instanceof QuorateError));
      const { code, stderr } = await ended;
      assert.equal(code, 1);
      assert.match(stderr, /write of wal\/\d+\.seg at byte \d+ failed: ENOSPC.*\(LOG_FAILED\)/);
    },
  );
});

/** Takes all the space that is left. */
function fill(path: string): void {
  const file = openSync(path, "w");
  try {
    for (const block of [Buffer.alloc(64 * 1024), Buffer.alloc(512)]) {
      try {
        for (;;) if (writeSync(file, block) < block.length) break;
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
      }
    }
  } finally {
    closeSync(file);
  }
}
