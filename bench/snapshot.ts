import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What the forked node is told to do. */
export interface SnapshotOrder {
  readonly folder: string;
  readonly keys: number;
  readonly valueBytes: number;
}

/** The event loop in one part of the run. */
export interface LoopStall {
  readonly writesPerSecond: number;
  /** The longest time between two looks at the clock, wanted every millisecond: what others on the machine took counts too. */
  readonly stallMs: number;
  /** The same in processor time of the main thread: turns, and collections that stop it, alone. */
  readonly turnCpuMs: number;
}

/** What a snapshot does to the event loop of its node while writes go on. */
export interface SnapshotStall {
  readonly keys: number;
  readonly valueBytes: number;
  readonly snapshotMs: number;
  readonly before: LoopStall;
  readonly during: LoopStall;
  /** When the frozen state is let go of. */
  readonly after: LoopStall;
}

/** Fills a node of its own process with keys, then has it take a snapshot under writes. */
export async function snapshotStall(folder: string, keys: number, valueBytes: number): Promise<SnapshotStall> {
  const own = mkdtempSync(join(folder, "snapshot-stall-"));
  try {
    const child = fork(fileURLToPath(new URL("snapshot-node.ts", import.meta.url)));
    const ended = once(child, "exit");
    const told = once(child, "message") as Promise<[SnapshotStall]>;
    const order: SnapshotOrder = { folder: own, keys, valueBytes };
    child.send(order);
    const failed = ended.then(([code]) => Promise.reject(new Error(`the node ended with exit code ${String(code)}`)));
    const [stall] = await Promise.race([told, failed as Promise<never>]);
    await ended;
    return stall;
  } finally {
    rmSync(own, { recursive: true });
  }
}
