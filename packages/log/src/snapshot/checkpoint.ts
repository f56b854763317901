import type { Image } from "@quorate/machine";
import type { Done } from "../disk/disk.ts";
import type { GroupLog, SnapshotHead } from "../wal/group-log.ts";
import type { Snapshots } from "./snapshots.ts";

/** When a checkpoint is due. */
export interface CheckpointLimits {
  /** Entries applied since the last one. More: rarer, and a longer restart. */
  readonly checkpointEntries: number;
  /** Bytes of the entries applied since the last one. */
  readonly checkpointBytes: number;
}

/**
 * Whether a checkpoint is due: the log since the last one has grown by entries, or by bytes. By bytes never sooner than it has grown to twice the
 * last snapshot (`snapshotBytes`), so that a large state is not written again and again for little.
 */
export function checkpointDue(
  entriesSince: number,
  bytesSince: number,
  snapshotBytes: number,
  limits: CheckpointLimits,
): boolean {
  if (entriesSince === 0) return false;
  return entriesSince >= limits.checkpointEntries || bytesSince >= Math.max(limits.checkpointBytes, 2 * snapshotBytes);
}

/**
 * Makes the state after `head.slot` durable, and only then tells `log` that what is below may go: at every moment a power loss leaves one snapshot
 * and all of the log above it. Errors leave everything as it was: `DISK_FULL`, `LOG_FAILED`.
 */
export function takeCheckpoint(
  stores: { readonly snapshots: Snapshots; readonly log: Pick<GroupLog, "trim"> },
  head: SnapshotHead,
  image: Image,
  done: Done,
): void {
  stores.snapshots.write(head, image, (error) => {
    if (error === null) stores.log.trim(head.slot, head.governing);
    done(error, undefined);
  });
}
