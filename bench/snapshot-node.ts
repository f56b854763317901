// Forked by snapshot.ts: a node with many keys, which times its own event loop before, during and after a snapshot, while writes go on.
import { existsSync, readFileSync } from "node:fs";

import { createNode, freePorts } from "quorate";
import { LocalWriter } from "./local-writer.ts";
import type { SnapshotOrder, SnapshotStall } from "./snapshot.ts";

const DEPTH = 64;
const LOAD_DEPTH = 512;
const CALM_MS = 5_000;
const MISSING = 0;

/** The longest turn of the event loop since it was last asked. */
class LoopClock {
  #lastMs = performance.now();
  #lastCpuMs = mainThreadCpuMs();
  #longestMs = 0;
  #longestCpuMs = 0;

  constructor() {
    setInterval(() => {
      const nowMs = performance.now();
      const cpuMs = mainThreadCpuMs();
      this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
      this.#longestCpuMs = Math.max(this.#longestCpuMs, cpuMs - this.#lastCpuMs);
      this.#lastMs = nowMs;
      this.#lastCpuMs = cpuMs;
    }, 1);
  }

  take(): { readonly stallMs: number; readonly turnCpuMs: number } {
    const taken = { stallMs: rounded(this.#longestMs), turnCpuMs: rounded(this.#longestCpuMs) };
    this.#longestMs = 0;
    this.#longestCpuMs = 0;
    return taken;
  }
}

/** proc(5): the first number of schedstat, nanoseconds on the processor; unlike the wall it does not count who else ran. */
function mainThreadCpuMs(): number {
  const path = "/proc/thread-self/schedstat";
  return existsSync(path) ? Number(readFileSync(path, "latin1").split(" ")[0]) / 1e6 : MISSING;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

process.on("message", (order: SnapshotOrder) => {
  void measure(order).then((stall) => process.send?.(stall, () => process.exit(0)));
});

async function measure({ folder, keys, valueBytes }: SnapshotOrder): Promise<SnapshotStall> {
  const [port] = await freePorts(1);
  const node = await createNode({
    cluster: "bench",
    id: 1,
    data: folder,
    peers: new Map([[1, `127.0.0.1:${port}`]]),
    limits: { checkpointEntries: 1e12, checkpointBytes: 1e15 },
  });
  const value = new Uint8Array(valueBytes).fill(120);
  const keyOf = (put: number): string => `key-${(put * 7_919) % keys}`;
  const loader = await LocalWriter.open(node.replica, LOAD_DEPTH);
  await loader.write(keys, keyOf, value);
  const writer = await LocalWriter.open(node.replica, DEPTH);
  const clock = new LoopClock();
  const writeFor = async (ms: number): Promise<{ writesPerSecond: number; stallMs: number; turnCpuMs: number }> => {
    const startedMs = performance.now();
    clock.take();
    const written = await writer.write(Infinity, keyOf, value, () => performance.now() - startedMs > ms);
    return { writesPerSecond: Math.round((written * 1e3) / ms), ...clock.take() };
  };
  await writeFor(CALM_MS);
  const before = await writeFor(CALM_MS);
  clock.take();
  const startedMs = performance.now();
  let ended = false;
  const snapshot = new Promise<void>((resolve, reject) =>
    node.replica.snapshot(0, 0, node.replica.status().revision, (error) =>
      error === null ? resolve() : reject(error),
    ),
  ).finally(() => (ended = true));
  const written = await writer.write(Infinity, keyOf, value, () => ended);
  await snapshot;
  const snapshotMs = performance.now() - startedMs;
  const during = { writesPerSecond: Math.round((written * 1e3) / snapshotMs), ...clock.take() };
  const after = await writeFor(2 * CALM_MS);
  await node.close();
  return { keys, valueBytes, snapshotMs: Math.round(snapshotMs), before, during, after };
}
