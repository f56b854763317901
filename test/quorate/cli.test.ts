import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { encodeIdentity } from "../../packages/log/src/host/identity.ts";
import { freePorts, startTestCluster } from "quorate";

import { allGone, BIN, finished, lives, quorate, type Up, up } from "./command.ts";

describe("commands on a running cluster", () => {
  const data = mkdtempSync(join(tmpdir(), "quorate-cli-"));
  let ports: number[];
  let cluster: Up;
  let env: Record<string, string>;

  before(async () => {
    ports = await freePorts(3);
    cluster = await up(ports, data);
    env = { QUORATE_ENDPOINTS: cluster.endpoints };
  });
  after(async () => {
    await cluster.stop();
    rmSync(data, { recursive: true });
  });

  test("what was put is got, at every replica, until it is deleted", async () => {
    const put = await quorate(["kv", "put", "a", "one", "--json"], env);
    assert.equal(put.code, 0, put.stderr);
    assert.ok(JSON.parse(put.stdout).revision > 0);
    assert.equal((await quorate(["kv", "get", "a"], env)).stdout, "one\n");
    for (const node of ["1", "2", "3"]) {
      const got = await quorate(["kv", "get", "a", "--at", node, "--json"], env);
      assert.equal(JSON.parse(got.stdout).key, "a", got.stderr);
    }
    assert.equal((await quorate(["kv", "del", "a", "--json"], env)).code, 0);
    const gone = await quorate(["kv", "get", "a"], env);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /no key "a"/);
  });

  test("status tells role, ballot, chosen, applied, revision, digest and log bytes of each replica, and one leads", async () => {
    const status = await quorate(["status", "--json"], env);
    const replicas = JSON.parse(status.stdout) as Record<string, string | number>[];
    assert.equal(replicas.length, 3);
    for (const replica of replicas) {
      assert.ok(Number(replica["logBytes"]) < Number(replica["logDiskBytes"]), "what is made ahead is not written");
      for (const field of ["node", "role", "ballot", "chosen", "applied", "revision", "digest", "logBytes"]) {
        assert.ok(replica[field] !== undefined, `${field} of ${JSON.stringify(replica)}`);
      }
    }
    assert.equal(replicas.filter(({ role }) => role === "leader").length, 1);
  });

  test("a command under a lock has the token, passes its exit code on, and frees the lock", async () => {
    const ran = await quorate(
      ["lock", "run", "l", "--", "sh", "-c", 'echo "token $QUORATE_FENCING_TOKEN"; exit 7'],
      env,
    );
    assert.equal(ran.code, 7, ran.stderr);
    const token = Number(/token (\d+)/.exec(ran.stdout)?.[1]);
    assert.ok(token > 0);
    const next = await quorate(["lock", "run", "l", "--", "sh", "-c", 'echo "token $QUORATE_FENCING_TOKEN"'], env);
    assert.ok(Number(/token (\d+)/.exec(next.stdout)?.[1]) > token);
    assert.deepEqual(JSON.parse((await quorate(["lock", "list", "--json"], env)).stdout).locks, []);
  });

  test("a lock that another holds is not acquired in time: exit code 75", async () => {
    const inner = ["lock", "run", "busy", "--timeout", "200ms", "--", "true"];
    const outer = await quorate(["lock", "run", "busy", "--", process.execPath, BIN, ...inner], env);
    assert.equal(outer.code, 75, outer.stderr);
  });

  test("a killed leader is followed by another one, and writes go on", async () => {
    const status = await quorate(["status", "--json"], env);
    const leader = (JSON.parse(status.stdout) as { node: number; role: string }[]).find(
      ({ role }) => role === "leader",
    )!;
    await quorate(["kv", "put", "before", "1"], env);
    const { pid } = cluster.replicas.find(({ node }) => node === leader.node)!;
    process.kill(pid, "SIGKILL");
    const put = await quorate(["kv", "put", "after", "2"], env);
    assert.equal(put.code, 0, put.stderr);
    assert.equal((await quorate(["kv", "get", "before"], env)).stdout, "1\n");
  });

  test("started again, the cluster finds its data; Ctrl-C ends all processes with exit code 0", async () => {
    assert.equal(await cluster.stop(), 0);
    await allGone(cluster.replicas.map(({ pid }) => pid));
    cluster = await up(ports, data);
    assert.equal((await quorate(["kv", "get", "after"], env)).stdout, "2\n");
  });

  test("a folder that a running process holds is refused in one line, and nothing is lost", async () => {
    const other = await freePorts(3);
    await assert.rejects(up(other, data), /held by process|FOLDER_IN_USE/);
    assert.equal((await quorate(["kv", "get", "after"], env)).stdout, "2\n");
  });

  test("a port in use is refused in one line that names it", async () => {
    const empty = mkdtempSync(join(tmpdir(), "quorate-cli-"));
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const taken = (server.address() as { port: number }).port;
    const [one, two] = await freePorts(2);
    try {
      await assert.rejects(up([one!, two!, taken], empty), new RegExp(`${taken}`));
    } finally {
      await new Promise((resolve) => server.close(resolve));
      rmSync(empty, { recursive: true });
    }
  });

  test("one member's folder deleted: refused with the way out, which works", async () => {
    await cluster.stop();
    rmSync(join(data, "2"), { recursive: true });
    await assert.rejects(up(ports, data), /--without 2/);
    cluster = await up(ports, data, ["--without", "2"]);
    assert.equal((await quorate(["kv", "get", "after"], env)).stdout, "2\n");
  });

  test("the replicas end when the process that started them is killed", async () => {
    const pids = cluster.replicas.map(({ pid }) => pid);
    cluster.process.kill("SIGKILL");
    await allGone(pids);
    assert.ok(!pids.some(lives));
  });
});

test("up refuses a folder that belongs to another cluster, and makes nothing beside it", async () => {
  const data = mkdtempSync(join(tmpdir(), "quorate-cli-"));
  try {
    mkdirSync(join(data, "2"));
    const other = { cluster: "other", node: 2, incarnation: 7, state: "formed", members: [] } as const;
    writeFileSync(join(data, "2", "identity"), encodeIdentity(other));
    await assert.rejects(up(await freePorts(3), data), /belongs to node 2 of cluster other: choose another folder/);
    assert.deepEqual(readdirSync(data), ["2"]);
    assert.deepEqual(readdirSync(join(data, "2")), ["identity"]);
  } finally {
    rmSync(data, { recursive: true });
  }
});

test("no replica reachable: exit code 1 within the timeout, each endpoint with its reason", async () => {
  const [one, two] = await freePorts(2);
  const ended = await quorate([
    "kv",
    "get",
    "a",
    "--endpoints",
    `127.0.0.1:${one},127.0.0.1:${two}`,
    "--timeout",
    "1s",
  ]);
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, new RegExp(`${one}`));
  assert.match(ended.stderr, new RegExp(`${two}`));
  assert.equal(ended.stderr.trim().split("\n").length, 1);
});

test("an unknown command or option is answered by one line of usage and exit code 2", async () => {
  for (const args of [
    ["nonsense"],
    ["kv", "put", "a"],
    ["status", "--nonsense"],
    ["kv", "get", "a", "--timeout", "soon"],
    [],
  ]) {
    const ended = await quorate(args);
    assert.equal(ended.code, 2, args.join(" "));
    assert.equal(ended.stderr.trim().split("\n").length, 1, ended.stderr);
    assert.match(ended.stderr, /usage/);
  }
});

test("a command whose lock the cluster confirms no more is ended: SIGTERM first, SIGKILL if it ignores that, exit code 76", async () => {
  const cluster = await startTestCluster();
  try {
    const env = { QUORATE_ENDPOINTS: cluster.endpoints.join(",") };
    const under = (name: string, script: string): ChildProcess =>
      spawn(process.execPath, [BIN, "lock", "run", name, "--ttl", "1s", "--", process.execPath, "-e", script], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
    const stay = 'process.stdout.write("holds\\n"); setInterval(() => {}, 1000);';
    const heeds = under(
      "heeds",
      `process.on("SIGTERM", () => { process.stdout.write("told\\n"); process.exit(5); }); ${stay}`,
    );
    const ignores = under("ignores", `process.on("SIGTERM", () => process.stdout.write("told\\n")); ${stay}`);
    const ends = [finished(heeds), finished(ignores)];
    await Promise.all([heeds, ignores].map((child) => once(child.stdout!, "data")));
    await Promise.all(cluster.nodes.map((node) => cluster.kill(node)));
    for (const end of ends) {
      const { code, stdout, stderr } = await end;
      assert.equal(code, 76, stderr);
      assert.match(stdout, /told/);
    }
  } finally {
    await cluster.stop();
  }
});
