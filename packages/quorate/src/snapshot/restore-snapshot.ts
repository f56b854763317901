import { join } from "node:path";

import { type Identity, restoredHead, restoreFolder, type SavedSnapshot, SNAPSHOT_DEFAULTS } from "@quorate/log";
import { createNodeDisk } from "@quorate/log/node";
import { type Image, QuorateError, raiseRevision } from "@quorate/machine";
import { MAJORITY, NODE_MAX } from "@quorate/paxos";

import { randomSeed } from "../random-seed.ts";
import { ended, readSavedFile } from "./saved-file.ts";

/**
 * By how much a restored log's revisions lie above those of the snapshot: more than any log can have given out since. So no session and no fencing
 * token of the time after the snapshot is ever given to somebody else.
 */
export const REVISION_JUMP = 1_000_000_000;

/** How a cluster is made from a saved snapshot. */
export interface RestoreSnapshotOptions {
  readonly file: string;
  /** A folder for each node is made in it, named by its id. */
  readonly data: string;
  /** Of the new cluster, 1 … 1023. */
  readonly nodes: readonly number[];
  /** Name of the new cluster, 1 … 64 characters. Default: that of the old one, which needs `replace`. */
  readonly cluster?: string;
  /**
   * The new cluster takes the place of the old one, under its name: whatever was acknowledged there and is not in the file is lost, and no old node may ever run
   * again. Default false: refused.
   */
  readonly replace?: boolean;
}

/** The folder of one node of a restored cluster. */
export interface RestoredNode {
  readonly node: number;
  readonly incarnation: number;
  readonly folder: string;
}

/** A cluster that was made from a saved snapshot. */
export interface RestoredCluster extends SavedSnapshot {
  readonly cluster: string;
  /** The revision that it goes on from. */
  readonly revision: number;
  readonly nodes: readonly RestoredNode[];
}

/**
 * Makes the folders of a new cluster that begins with a saved snapshot: formed, each node under an incarnation that no disk had before, so none of
 * them can speak for an old one (rule 14). The whole file is checked first. Start the nodes as usual afterwards.
 *
 * @throws QuorateError `BAD_OPTION` for folders that are not empty, for bad ids or names, or for the old name without `replace`; `LOG_CORRUPT` with file
 * and offset, `LOG_NEWER`; `NOT_WRITABLE`, `DISK_FULL`, `LOG_FAILED`. Folders that were not finished are refused at their start.
 */
export async function restoreSnapshot(options: RestoreSnapshotOptions): Promise<RestoredCluster> {
  const { file, data, nodes } = options;
  const chunks: Uint8Array[] = [];
  const { note, head } = await readSavedFile(file, (chunk) => chunks.push(chunk));
  const cluster = options.cluster ?? note.cluster;
  checkOptions(options, cluster, note.cluster);
  const { chunks: image, revision } = raiseRevision(chunks, REVISION_JUMP);
  const members = [...nodes]
    .sort((one, other) => one - other)
    .map((node) => ({ node, incarnation: randomSeed(), zone: 0 }));
  const { leaseMs } = head.governing.members;
  const begin = restoredHead(head, { voters: members, nonVoters: [], quorum: MAJORITY, leaseMs }, revision);
  const made: RestoredNode[] = [];
  for (const { node, incarnation } of members) {
    const folder = join(data, String(node));
    const formed = members.map((member) => ({ node: member.node, incarnation: member.incarnation }));
    const identity: Identity = { cluster, node, incarnation, state: "formed", members: formed };
    const { chunkBytes } = SNAPSHOT_DEFAULTS;
    await ended((done) =>
      restoreFolder({ disk: createNodeDisk(folder), identity, head: begin, image: imageOf(image), chunkBytes }, done),
    );
    made.push({ node, incarnation, folder });
  }
  return { note, head, cluster, revision, nodes: made };
}

function checkOptions({ nodes, replace = false }: RestoreSnapshotOptions, cluster: string, before: string): void {
  const bad = (why: string): QuorateError =>
    new QuorateError("BAD_OPTION", "not-applied", `the snapshot was not restored: ${why}`, { cluster });
  const wrong = nodes.find((node) => !Number.isInteger(node) || node < 1 || node > NODE_MAX);
  if (wrong !== undefined) throw bad(`node ids are 1 to ${NODE_MAX}, not ${wrong}`);
  if (nodes.length === 0 || new Set(nodes).size !== nodes.length) throw bad("give each node once, and one at least");
  if (cluster.length < 1 || cluster.length > 64) throw bad("the name of the cluster must have 1 to 64 characters");
  if (cluster === before && !replace) {
    throw bad(
      `a second cluster named "${cluster}" would be taken for the first by its clients. Give the new one another name (--cluster); or, if the old one ` +
        `is lost for good and none of its nodes will ever run again, say that this one takes its place (--unsafe-replace)`,
    );
  }
}

/** An image that is at hand; its chunks go out as they are. */
function imageOf(chunks: readonly Uint8Array[]): Image {
  let next = 0;
  return {
    next: () => chunks[next++] ?? null,
    release: () => undefined,
  };
}
