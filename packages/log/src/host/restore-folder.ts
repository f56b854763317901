import { type Image, QuorateError } from "@quorate/machine";
import { ballotOf, type Governing, type Members, roundOf } from "@quorate/paxos";
import type { Disk, Done } from "../disk/disk.ts";
import { writeSnapshotFile } from "../snapshot/snapshot-file.ts";
import { snapshotPath } from "../snapshot/snapshot-format.ts";
import type { SnapshotHead } from "../wal/group-log.ts";
import { type Identity, writeIdentity } from "./identity.ts";

/** What a folder is made from. */
export interface RestoreFolderOptions {
  /** Of a folder that is not there, or empty. */
  readonly disk: Disk;
  /** Whose folder it becomes: formed, under an incarnation that no disk had before. */
  readonly identity: Identity;
  /** Of the snapshot that it begins with; made by {@link restoredHead}. */
  readonly head: SnapshotHead;
  readonly image: Image;
  readonly chunkBytes: number;
}

/**
 * Makes the folder of a node that goes on after a snapshot. The identity is written last: a folder that was not finished is refused at the start, and
 * is never taken for a node's.
 *
 * Errors: `BAD_OPTION` for a folder that is not empty; `FOLDER_IN_USE`, `NOT_WRITABLE`, `DISK_FULL`, `LOG_FAILED`.
 */
export function restoreFolder(options: RestoreFolderOptions, done: Done): void {
  const { disk, identity, head, image, chunkBytes } = options;
  disk.claim((claimError, release) => {
    if (claimError !== null) return done(claimError, undefined);
    const end = (error: QuorateError | null): void => {
      release();
      done(error, undefined);
    };
    disk.list("", (listError, names) => {
      if (listError !== null) return end(listError);
      const other = names.find((name) => !name.startsWith("LOCK_"));
      if (other !== undefined) return end(notEmpty(identity.node, other));
      const path = snapshotPath(head.group, head.slot);
      writeSnapshotFile(disk, identity.cluster, path, head, image, chunkBytes, (error) => {
        if (error !== null) end(error);
        else writeIdentity(disk, identity, end);
      });
    });
  });
}

/**
 * The head of a snapshot under a new set of members, as if their change stood in its last slot. Its floor lies above every ballot that the snapshot
 * has seen, so no entry of the new set can pass for the continuation of an older one (rules 9 and 12).
 */
export function restoredHead(head: SnapshotHead, members: Members, revision: number): SnapshotHead {
  const before = Math.max(head.standing.origin, head.governing.floor);
  const governing: Governing = { members, slot: head.slot, floor: ballotOf(roundOf(before) + 1, 1) };
  return { ...head, governing, standing: { ...head.standing, carries: false }, revision };
}

function notEmpty(node: number, name: string): QuorateError {
  return new QuorateError(
    "BAD_OPTION",
    "not-applied",
    `the folder of node ${node} is not empty, it holds ${name}: nothing is ever restored over a folder. Name another, or remove it if it is not needed any more`,
    { node, name },
  );
}
