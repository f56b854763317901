import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

import { connect, createNode, freePorts, type NodeLimits, startTestCluster } from "quorate";
import { LocalWriter } from "./local-writer.ts";

/** How long a node takes to serve again after `writes` puts. */
export interface RecoverTime {
  readonly checkpoints: "as by default" | "none";
  readonly logBytes: number;
  readonly snapshotBytes: number;
  /** From the start of the process to the answer of a linearizable read of the last key written. */
  readonly recoverMs: number;
  /** Processor time of the process by then. */
  readonly cpuMs: number;
}

const NEVER: Partial<NodeLimits> = { checkpointEntries: 1e12, checkpointBytes: 1e15 };
const COMMANDS_A_BATCH = 16;
const DEPTH = 512;
const CLUSTER = "bench";
const TICKS_A_SECOND = 100;

/** Writes `writes` values over `keys` keys in batches of 16 commands, closes the node, and starts it anew as a process of its own. */
export async function recoverTimes(
  folder: string,
  writes: number,
  keys: number,
  valueBytes: number,
): Promise<readonly RecoverTime[]> {
  const times: RecoverTime[] = [];
  for (const checkpoints of ["as by default", "none"] as const) {
    const data = mkdtempSync(join(folder, "recover-"));
    try {
      const limits = { batchCommandsMax: COMMANDS_A_BATCH, ...(checkpoints === "none" ? NEVER : {}) };
      await fill(join(data, "1"), limits, writes, keys, valueBytes);
      const logBytes = bytesIn(join(data, "1", "wal"));
      const snapshotBytes = bytesIn(join(data, "1", "snapshot"));
      times.push({ checkpoints, logBytes, snapshotBytes, ...(await restart(data, limits, writes, keys)) });
    } finally {
      rmSync(data, { recursive: true });
    }
  }
  return times;
}

async function fill(
  data: string,
  limits: Partial<NodeLimits>,
  writes: number,
  keys: number,
  valueBytes: number,
): Promise<void> {
  const [port] = await freePorts(1);
  const node = await createNode({ cluster: CLUSTER, id: 1, data, peers: new Map([[1, `127.0.0.1:${port}`]]), limits });
  const writer = await LocalWriter.open(node.replica, DEPTH);
  await writer.write(writes - 1, (put) => `key-${put % keys}`, new Uint8Array(valueBytes).fill(120));
  await writer.write(1, () => "last", new TextEncoder().encode(String(writes)));
  await node.close();
}

async function restart(
  data: string,
  limits: Partial<NodeLimits>,
  writes: number,
  keys: number,
): Promise<Pick<RecoverTime, "recoverMs" | "cpuMs">> {
  const startedMs = performance.now();
  const cluster = await startTestCluster({ nodes: 1, data, cluster: CLUSTER, limits });
  const quorate = connect(cluster.endpoints);
  try {
    const last = await quorate.kv.get("last", { timeoutMs: 120_000 });
    const recoverMs = Math.round(performance.now() - startedMs);
    const cpuMs = cpuMsOf(cluster.pid(1));
    const { count } = await quorate.kv.count({ from: "" });
    if (last?.text !== String(writes) || count !== keys + 1)
      throw new Error(`it recovered ${count} keys, and ${last?.text ?? "nothing"} as the last write`);
    return { recoverMs, cpuMs };
  } finally {
    await quorate.close();
    await cluster.stop();
  }
}

/** proc(5): fields 14 and 15 of /proc/PID/stat, in ticks; the name in field 2 may hold blanks. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_A_SECOND;
}

function bytesIn(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((bytes, name) => bytes + statSync(join(folder, name)).size, 0);
}
