import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { ServeNotice } from "./cli/serve.ts";

/** How a test cluster is set up. */
export interface TestClusterOptions {
  /** How many replicas, 1 … 31. Default 3. */
  readonly nodes?: number;
  /** Where its folder is made. Default: the system's temporary folder; choose a real disk to measure. */
  readonly folder?: string;
  /** A folder that holds a folder for each node already, named by its id; it is kept at the end. Default: a new one in `folder`. */
  readonly data?: string;
  /** Name of the cluster. Default `test`. */
  readonly cluster?: string;
  /** Limits of the nodes that differ from the defaults (`NodeOptions.limits`), by name. */
  readonly limits?: Readonly<Record<string, number>>;
}

/** Replicas as processes of their own, on ports that the system chose: for tests and benchmarks of programs that use Quorate. */
export interface TestCluster {
  /** For `connect`. */
  readonly endpoints: readonly string[];
  readonly folder: string;
  readonly nodes: readonly number[];
  /** Kills one replica as a crash does (SIGKILL), and resolves when it is gone. */
  kill(node: number): Promise<void>;
  /** Starts a replica that was killed; resolves once it serves. */
  start(node: number): Promise<void>;
  /** The process of a replica that runs. */
  pid(node: number): number;
  /** Stops all replicas in order and removes the folder, unless it was given. */
  stop(): Promise<void>;
}

const BIN = fileURLToPath(new URL("../bin/quorate.js", import.meta.url));

/** Starts replicas as processes on loopback; resolves once all of them serve. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const nodes = Array.from({ length: options.nodes ?? 3 }, (_, index) => index + 1);
  const { data, cluster: name = "test", limits = {} } = options;
  const folder = data ?? (await mkdtemp(join(options.folder ?? tmpdir(), "quorate-test-")));
  const removed = (): Promise<void> =>
    data === undefined ? rm(folder, { recursive: true, force: true }) : Promise.resolve();
  const ports = await freePorts(nodes.length);
  const peers = nodes.map((node, index) => `${node}=127.0.0.1:${ports[index]}`).join(",");
  const running = new Map<number, ChildProcess>();

  const start = async (node: number): Promise<void> => {
    const serve = [
      "serve",
      "--cluster",
      name,
      "--id",
      String(node),
      "--data",
      join(folder, String(node)),
      "--peers",
      peers,
      ...Object.entries(limits).flatMap(([limit, value]) => ["--limit", `${limit}=${value}`]),
    ];
    const child = spawn(process.execPath, [BIN, ...serve], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    running.set(node, child);
    await new Promise<void>((resolve, reject) => {
      child.on("message", (message) => {
        const notice = message as ServeNotice;
        if (notice.kind === "ready") resolve();
        else reject(new Error(`node ${node} cannot start: ${notice.message}`));
      });
      child.on("exit", (code, signal) => reject(new Error(`node ${node} ended (${signal ?? code}) before it served`)));
    });
  };
  const end = async (node: number, how: (child: ChildProcess) => void): Promise<void> => {
    const child = running.get(node);
    running.delete(node);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    how(child);
    await gone;
  };

  const cluster: TestCluster = {
    endpoints: ports.map((port) => `ws://127.0.0.1:${port}`),
    folder,
    nodes,
    start,
    kill: (node) => end(node, (child) => child.kill("SIGKILL")),
    pid: (node) => running.get(node)?.pid ?? 0,
    stop: async () => {
      for (const node of nodes)
        await end(node, (child) => (child.connected ? child.send("stop") : child.kill("SIGKILL")));
      await removed();
    },
  };
  try {
    await Promise.all(nodes.map(start));
  } catch (error) {
    for (const node of nodes) await cluster.kill(node);
    await removed();
    throw error;
  }
  return cluster;
}

/** So many ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
