import { createHistogram } from "node:perf_hooks";

import { connect, type Quorate, startTestCluster, type TestCluster } from "quorate";
import { cpuMicros } from "./cpu-time.ts";
import { fileSystemOf, syncsPerSecond } from "./sync-rate.ts";

/** What is done, by how many, for how long. */
export interface Load {
  readonly name: "put" | "get" | "lock";
  readonly callers: number;
  readonly connections: number;
  readonly seconds: number;
  readonly valueBytes: number;
  readonly folder: string;
}

/** Before anything is measured: until the programs are compiled, they compile. */
const WARM_UP_SECONDS = 5;
const SYNC_SECONDS = 1;
const SYNC_BYTES = 4_096;
const KEYS = 10_000;

/** Runs a load on a durable cluster of three processes of its own; latencies in milliseconds. */
export async function runLoad(load: Load): Promise<Record<string, string | number>> {
  const { name, callers, connections, seconds, folder } = load;
  const before = syncsPerSecond(folder, SYNC_BYTES, SYNC_SECONDS);
  const cluster = await startTestCluster({ folder });
  try {
    const clients = Array.from({ length: connections }, () => connect(cluster.endpoints));
    const latencies = createHistogram();
    let measuring = false;
    let ended = false;
    let count = 0;
    let failed = 0;
    const call = operation(load);
    const caller = async (index: number): Promise<void> => {
      const client = clients[index % connections]!;
      for (let turn = 0; !ended; turn++) {
        const startedMs = performance.now();
        try {
          await call(client, index, turn);
        } catch (error) {
          failed++;
          if (failed === 1) process.stderr.write(`first failure: ${String(error)}\n`);
          continue;
        }
        if (!measuring) continue;
        count++;
        latencies.record(Math.max(1, Math.round((performance.now() - startedMs) * 1e6)));
      }
    };
    const all = Array.from({ length: callers }, (_, index) => caller(index));
    await pause(WARM_UP_SECONDS);
    const leader = await leaderOf(clients[0]!, cluster.endpoints);
    const cpuBefore = cpuOf(cluster, leader);
    measuring = true;
    const startedMs = performance.now();
    await pause(seconds);
    measuring = false;
    const cpuAfter = cpuOf(cluster, leader);
    const elapsedSeconds = (performance.now() - startedMs) / 1_000;
    ended = true;
    await Promise.all(all);
    await Promise.all(clients.map((client) => client.close()));
    const after = syncsPerSecond(folder, SYNC_BYTES, SYNC_SECONDS);
    const opsPerSecond = Math.round(count / elapsedSeconds);
    const syncs = (before + after) / 2;
    return {
      bench: name,
      callers,
      connections,
      valueBytes: load.valueBytes,
      seconds: Math.round(elapsedSeconds * 10) / 10,
      opsPerSecond,
      p50Ms: latencies.percentile(50) / 1e6,
      p99Ms: latencies.percentile(99) / 1e6,
      p999Ms: latencies.percentile(99.9) / 1e6,
      failed,
      ...microsPerOp(cpuBefore, cpuAfter, count),
      fileSystem: fileSystemOf(folder),
      syncsPerSecondBefore: before,
      syncsPerSecondAfter: after,
      opsPerSync: Math.round((opsPerSecond / syncs) * 100) / 100,
    };
  } finally {
    await cluster.stop();
  }
}

/** Processor time so far, by who took it; null where the platform does not tell. */
interface Cpu {
  readonly client: number;
  readonly leader: number;
  readonly followers: number;
}

function cpuOf(cluster: TestCluster, leader: number): Cpu | null {
  const own = process.cpuUsage();
  const times = { client: own.user + own.system, leader: 0, followers: 0 };
  for (const node of cluster.nodes) {
    const micros = cpuMicros(cluster.pid(node));
    if (micros === null) return null;
    times[node === leader ? "leader" : "followers"] += micros;
  }
  return times;
}

/** What one operation costs the processors, over all processes; on a busy machine it says more than the rate. */
function microsPerOp(before: Cpu | null, after: Cpu | null, count: number): Record<string, number> {
  if (before === null || after === null || count === 0) return {};
  const per = (micros: number): number => Math.round((micros / count) * 10) / 10;
  const client = after.client - before.client;
  const leader = after.leader - before.leader;
  const followers = after.followers - before.followers;
  return {
    cpuMicrosPerOp: per(client + leader + followers),
    cpuMicrosPerOpClient: per(client),
    cpuMicrosPerOpLeader: per(leader),
    cpuMicrosPerOpFollowers: per(followers),
  };
}

async function leaderOf({ client }: Quorate, endpoints: readonly string[]): Promise<number> {
  for (const [index, endpoint] of endpoints.entries()) {
    const { role } = await client.status(endpoint);
    if (role === "leader") return index + 1;
  }
  return 0;
}

function operation({
  name,
  valueBytes,
  callers,
}: Load): (client: Quorate, caller: number, turn: number) => Promise<unknown> {
  const value = new Uint8Array(valueBytes).fill(120);
  const keyOf = (caller: number, turn: number): string => `key-${(caller + turn * callers) % KEYS}`;
  switch (name) {
    case "put":
      return ({ kv }, caller, turn) => kv.put(keyOf(caller, turn), value);
    case "get":
      return ({ kv }, caller, turn) => kv.get(keyOf(caller, turn));
    case "lock":
      return ({ lock }, caller) => lock.withLock(`lock-${caller}`, () => undefined);
  }
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
