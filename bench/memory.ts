import { readFileSync } from "node:fs";

import { connect, startTestCluster } from "quorate";

/** Resident memory of the replicas, in MiB. */
export interface MemoryUse {
  readonly nodes: number;
  readonly writes: number;
  readonly keys: number;
  /** After a tenth of the writes, and after all; per node. */
  readonly earlyMiB: readonly number[];
  readonly lateMiB: readonly number[];
  /** The greatest growth of one node between the two. */
  readonly grownMiB: number;
}

const CALLERS = 256;
const CONNECTIONS = 4;

/** Puts `writes` values over `keys` keys into a cluster of processes, and looks at their memory after a tenth of them and after all. */
export async function memoryUse(
  folder: string,
  nodes: number,
  writes: number,
  keys: number,
  valueBytes: number,
): Promise<MemoryUse> {
  const cluster = await startTestCluster({ folder, nodes });
  const clients = Array.from({ length: CONNECTIONS }, () => connect(cluster.endpoints));
  const value = new Uint8Array(valueBytes).fill(120);
  let next = 0;
  const putTo = async (end: number): Promise<void> => {
    const caller = async (index: number): Promise<void> => {
      const { kv } = clients[index % CONNECTIONS]!;
      while (next < end) await kv.put(`key-${next++ % keys}`, value);
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, index) => caller(index)));
  };
  const resident = (): number[] => cluster.nodes.map((node) => residentMiB(cluster.pid(node)));
  try {
    await putTo(writes / 10);
    const earlyMiB = resident();
    await putTo(writes);
    const lateMiB = resident();
    const grownMiB = Math.max(...lateMiB.map((late, index) => late - earlyMiB[index]!));
    return { nodes, writes, keys, earlyMiB, lateMiB, grownMiB };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await cluster.stop();
  }
}

/** proc(5): VmRSS in /proc/PID/status, in kB. */
function residentMiB(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);
}
