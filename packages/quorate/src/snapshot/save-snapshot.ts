import { compose, type MachineDefinition, QuorateError, type Shape } from "@quorate/machine";
import { salvage, type Salvaged, type SavedSnapshot, snapshotParts, SNAPSHOT_DEFAULTS } from "@quorate/log";
import { createNodeReader } from "@quorate/log/node";
import { kvMachine } from "@quorate/kv";
import { lockMachine } from "@quorate/lock";

import { endpointOf, type Quorate } from "../connect.ts";
import { ended, type Write, writeSavedFile } from "./saved-file.ts";

/** How a snapshot is saved. */
export interface SaveSnapshotOptions {
  /** Asked in turn until one gives it: `ws://host:port` or `host:port`. */
  readonly endpoints: readonly string[];
  /** Must not be there yet. */
  readonly file: string;
  /** For the revision, and for each part. Default 10,000. */
  readonly timeoutMs?: number;
}

/**
 * Saves an image of the whole state of a running cluster: everything that was acknowledged before the call is in it, and the cluster goes on
 * meanwhile.
 *
 * @throws QuorateError `NO_REPLICA` with each endpoint and why it gave none; what a linearizable read throws; `BAD_OPTION`, `NOT_WRITABLE`,
 * `DISK_FULL` for the file. Nothing is left of it then.
 */
export async function saveSnapshot(quorate: Quorate, options: SaveSnapshotOptions): Promise<SavedSnapshot> {
  const { endpoints, file, timeoutMs = 10_000 } = options;
  const { revision } = await quorate.kv.read("quorate/snapshot", { timeoutMs });
  const refusals: string[] = [];
  for (const endpoint of endpoints.map(endpointOf)) {
    try {
      return await writeSavedFile(file, async (write) => {
        await download(quorate, endpoint, revision, timeoutMs, write);
        const { cluster, node } = await quorate.client.status(endpoint, { timeoutMs });
        return { cluster: String(cluster), node: Number(node), savedAt: new Date().toISOString(), chosenTo: 0 };
      });
    } catch (error) {
      if (!(error instanceof QuorateError) || FINAL.has(error.code)) throw error;
      refusals.push(error.message);
    }
  }
  throw new QuorateError("NO_REPLICA", "not-applied", `no replica gave a snapshot. ${refusals.join("; ")}`);
}

/** Another replica would not change it. */
const FINAL: ReadonlySet<QuorateError["code"]> = new Set(["BAD_OPTION", "NOT_WRITABLE", "ABORTED", "CLOSED"]);

async function download(
  { client }: Quorate,
  endpoint: string,
  minRevision: number,
  timeoutMs: number,
  write: Write,
): Promise<void> {
  let slot = 0;
  let position = 0;
  for (;;) {
    const part = await client.snapshotPart(endpoint, { slot, position, minRevision }, { timeoutMs });
    await write(part.bytes);
    slot = part.slot;
    position += part.bytes.length;
    if (position >= part.bytesTotal) return;
  }
}

/** How the state of a stopped node is saved. */
export interface SaveFolderOptions {
  /** Data folder of the node. */
  readonly data: string;
  /** Must not be there yet. */
  readonly file: string;
  /** Machines of the log beside `kv` and `lock`. Default: none. */
  readonly machines?: readonly MachineDefinition<Shape>[];
}

/** The one group of a node. */
const GROUP = 1;

/**
 * Saves what the folder of a stopped node holds, for the day when a quorum is lost for good: its snapshot, and every entry after it that it accepted. Of those
 * above `note.chosenTo` it cannot be known whether they were ever acknowledged, nor what others hold there; and what only others accepted is missing.
 *
 * @throws QuorateError `FOLDER_IN_USE`, `LOG_CORRUPT`, `LOG_NEWER`, `UNKNOWN_MACHINE`, `BAD_OPTION`, `NOT_WRITABLE`, `DISK_FULL`.
 */
export async function saveFolder({ data, file, machines = [] }: SaveFolderOptions): Promise<SavedSnapshot> {
  const disk = createNodeReader(data);
  const machine = compose([kvMachine(), lockMachine, ...machines] as MachineDefinition<Shape>[]);
  await ended<() => void>((done) => disk.claim(done));
  const salvaged = await ended<Salvaged>((done) => salvage(disk, GROUP, machine, done));
  const { identity, head, composite, chosenTo } = salvaged;
  return writeSavedFile(file, async (write) => {
    const image = composite.image();
    for (const part of snapshotParts(identity.cluster, head, image, SNAPSHOT_DEFAULTS.chunkBytes))
      for (const bytes of part) await write(bytes);
    image.release();
    return { cluster: identity.cluster, node: identity.node, savedAt: new Date().toISOString(), chosenTo };
  });
}
