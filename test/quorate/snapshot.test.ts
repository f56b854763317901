import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { crc32c } from "@quorate/machine";
import {
  connect,
  type Quorate,
  QuorateError,
  restoreSnapshot,
  REVISION_JUMP,
  startTestCluster,
  type TestCluster,
} from "quorate";

import { quorate } from "./command.ts";

const KEYS = 300;

/** Every key with its value and its revisions, as one replica answers. */
async function everything({ kv }: Quorate, atRevision = 0): Promise<string[]> {
  const { entries, next } = await kv.range({ from: "" }, atRevision === 0 ? {} : { atRevision });
  assert.equal(next, "");
  return entries.map((one) => `${one.key} ${one.text} ${one.createRevision} ${one.modRevision}`);
}

describe("a snapshot of a running cluster", () => {
  const folder = mkdtempSync(join(tmpdir(), "quorate-snapshot-"));
  const file = join(folder, "saved");
  let old: TestCluster;
  let client: Quorate;

  before(async () => {
    old = await startTestCluster({ folder });
  });
  after(async () => {
    await client.close();
    await old.stop();
    rmSync(folder, { recursive: true });
  });

  test("saved under load and restored, it has everything acknowledged before, with its history, its sessions and its locks", async () => {
    client = connect({ endpoints: old.endpoints, sessionTtlMs: 30_000 });
    const held = await client.lock.acquire("door");
    const { kv } = client;
    for (let key = 0; key < KEYS; key++) await kv.put(`key-${key}`, `first of ${key}`);
    const { revision: past } = await kv.put("mark", "1");
    let stopping = false;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let turn = 0; !stopping; turn++) {
        await kv.put(`key-${(writer * 37 + turn) % KEYS}`, `${writer} ${turn}`);
      }
    });
    await kv.put("before the save", "1");
    const saved = await quorate(["snapshot", "save", file, "--endpoints", old.endpoints.join(","), "--json"]);
    stopping = true;
    await Promise.all(writers);
    assert.equal(saved.code, 0, saved.stderr);
    const told = JSON.parse(saved.stdout) as Record<string, unknown>;
    assert.deepEqual([told["cluster"], told["group"], told["chosenTo"]], ["test", 1, 0]);
    assert.equal((told["members"] as { voters: unknown[] }).voters.length, 3);
    const verified = await quorate(["snapshot", "verify", file, "--json"]);
    assert.deepEqual(JSON.parse(verified.stdout), { ...told, sound: true });
    const wanted = await everything(client, Number(told["revision"]));
    const pastWanted = await everything(client, past);
    const { token } = held;

    const data = join(folder, "new");
    const restored = await quorate(["snapshot", "restore", file, "--data", data, "--cluster", "new", "--json"]);
    assert.equal(restored.code, 0, restored.stderr);
    assert.equal(restored.stderr, "");
    const started = await startTestCluster({ data, cluster: "new" });
    const next = connect({ endpoints: started.endpoints, cluster: "new" });
    try {
      assert.deepEqual(await everything(next), wanted);
      assert.deepEqual(await everything(next, past), pastWanted);
      assert.equal((await next.kv.get("before the save"))?.text, "1");
      const { locks } = await next.lock.list();
      assert.deepEqual(
        locks.map(({ name, occupants }) => [name, occupants.map((one) => one.token)]),
        [["door", [token]]],
      );
      const { revision } = await next.kv.put("after", "1");
      assert.ok(revision > Number(told["revision"]) + REVISION_JUMP);
      const digests = await settledDigests(next, started);
      assert.equal(new Set(digests).size, 1, digests.join(" "));
    } finally {
      await next.close();
      await started.stop();
    }
    await held.release();
  });

  test("a cut or flipped file is refused with file and offset, one of a newer format with both versions, and nothing is made", async () => {
    const bytes = readFileSync(file);
    const data = join(folder, "refused");
    const damaged = join(folder, "damaged");
    const refusal = async (content: Uint8Array): Promise<QuorateError> => {
      writeFileSync(damaged, content);
      try {
        await restoreSnapshot({ file: damaged, data, nodes: [1], cluster: "x" });
      } catch (error) {
        assert.ok(error instanceof QuorateError && !existsSync(data));
        return error;
      }
      return assert.fail("it was restored");
    };
    for (let length = 0; length < bytes.length; length += 1 + Math.floor(bytes.length / 50)) {
      const { code, detail } = await refusal(bytes.subarray(0, length));
      assert.deepEqual([code, detail["file"]], ["LOG_CORRUPT", "damaged"], `cut after ${length}`);
      assert.ok(Number(detail["offset"]) <= length);
    }
    for (let at = 0; at < bytes.length; at += 1 + Math.floor(bytes.length / 200)) {
      const flipped = Uint8Array.from(bytes);
      flipped[at]! ^= 1 << (at % 8);
      const { code, detail } = await refusal(flipped);
      assert.deepEqual([code, detail["file"]], ["LOG_CORRUPT", "damaged"], `flipped at ${at}`);
      assert.ok(Number(detail["offset"]) <= bytes.length);
    }
    const newer = bytes.toString("latin1").replace(/quorate snapshot 1\n(.*\n).*\n$/, (_, fields: string) => {
      const body = `quorate snapshot 2\n${fields}`;
      return `${body}${hex(body.length)} ${hex(crc32c(Buffer.from(body)))}\n`;
    });
    const { code, message } = await refusal(Buffer.from(newer, "latin1"));
    assert.equal(code, "LOG_NEWER");
    assert.match(message, /version 2, this program knows up to 1/);
    const told = await quorate(["snapshot", "verify", damaged]);
    assert.deepEqual([told.code, /start the newer program \(LOG_NEWER\)/.test(told.stderr)], [1, true], told.stderr);
  });

  test("nothing is written over: neither a file nor a folder", async () => {
    const again = await quorate(["snapshot", "save", file, "--endpoints", old.endpoints.join(",")]);
    assert.deepEqual([again.code, /is there already/.test(again.stderr)], [2, true]);
    const over = await quorate(["snapshot", "restore", file, "--data", join(folder, "new"), "--cluster", "other"]);
    assert.deepEqual([over.code, /not empty/.test(over.stderr)], [2, true], over.stderr);
  });

  test("a second cluster of the same name needs a flag that says what is lost", async () => {
    const data = join(folder, "same");
    const refused = await quorate(["snapshot", "restore", file, "--data", data]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--unsafe-replace/);
    const forced = await quorate(["snapshot", "restore", file, "--data", data, "--nodes", "1", "--unsafe-replace"]);
    assert.equal(forced.code, 0, forced.stderr);
    assert.match(forced.stderr, /UNSAFE: whatever was acknowledged after that is lost/);
  });
});

test("with two of three folders gone for good, the third one's state goes on in a new cluster, under new incarnations", async () => {
  const folder = mkdtempSync(join(tmpdir(), "quorate-lost-"));
  const cluster = await startTestCluster({ folder, limits: { checkpointEntries: 100 } });
  const client = connect(cluster.endpoints);
  for (let key = 0; key < KEYS; key++) await client.kv.put(`key-${key}`, `${key}`);
  const wanted = await everything(client);
  const { revision } = await client.kv.read("key-0");
  // Node 3 has everything once it is as far as the others.
  await settledDigests(client, cluster);
  await client.close();
  for (const node of cluster.nodes) await cluster.kill(node);
  const file = join(folder, "saved");
  try {
    const saved = await quorate(["snapshot", "save", file, "--data", join(cluster.folder, "3"), "--json"]);
    assert.equal(saved.code, 0, saved.stderr);
    assert.ok(Number(JSON.parse(saved.stdout).revision) >= revision);
    const data = join(folder, "new");
    const restored = await quorate(["snapshot", "restore", file, "--data", data, "--unsafe-replace", "--json"]);
    assert.equal(restored.code, 0, restored.stderr);
    const before = JSON.parse(readFileSync(join(cluster.folder, "3", "identity"), "utf8").split("\n")[1]!).incarnation;
    const { nodes } = JSON.parse(restored.stdout) as { nodes: { incarnation: number }[] };
    assert.ok(nodes.every(({ incarnation }) => incarnation !== before));
    const started = await startTestCluster({ data });
    const next = connect(started.endpoints);
    assert.deepEqual(await everything(next), wanted);
    await next.close();
    await started.stop();
  } finally {
    await cluster.stop();
    rmSync(folder, { recursive: true });
  }
});

/** The digest of each replica, once all have applied the same. */
async function settledDigests(client: Quorate, cluster: TestCluster): Promise<string[]> {
  for (;;) {
    const all = await Promise.all(cluster.endpoints.map((endpoint) => client.client.status(endpoint)));
    if (new Set(all.map(({ applied }) => applied)).size === 1) return all.map(({ digest }) => String(digest));
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
