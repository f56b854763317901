import { type Outcome, QuorateError, type RequestId } from "@quorate/machine";

/**
 * This node does not lead. `outcome` is `unknown` where the request was handed to an engine before leadership ended:
 * it may yet be chosen, so it may only come again under the same number (rule 24).
 */
export function noLeader(group: number, leader: number, outcome: Outcome, request: RequestId | null): QuorateError {
  const hint = leader === 0 ? "no leader is known here; ask another node" : `ask node ${leader}`;
  const fate =
    outcome === "unknown" ? "it may yet be applied: send it again under the same number" : "nothing was applied";
  return new QuorateError(
    "NO_LEADER",
    outcome,
    `group ${group} is not led by this node: ${hint} (${fate})`,
    { group, leader },
    request,
  );
}

/** A limit of `what` was reached; the request was not taken. */
export function overloaded(group: number, what: string, limit: number, request: RequestId | null): QuorateError {
  return new QuorateError(
    "OVERLOADED",
    "not-applied",
    `group ${group} has reached its limit of ${limit} ${what}: send again a little later`,
    { group, what, limit },
    request,
  );
}

/** One command is larger than `commandBytesMax`. */
export function tooLarge(group: number, bytes: number, bytesMax: number, request: RequestId): QuorateError {
  return new QuorateError(
    "TOO_LARGE",
    "not-applied",
    `a command of ${bytes} bytes is over the limit of ${bytesMax} of group ${group}: split it, or raise commandBytesMax`,
    { group, bytes, bytesMax },
    request,
  );
}

/** A request that cannot stand in a batch. */
export function malformed(group: number, why: string, request: RequestId): QuorateError {
  return new QuorateError(
    "BAD_COMMAND",
    "not-applied",
    `group ${group} cannot take this request: ${why}`,
    { group },
    request,
  );
}

/** The engine refused a wish of an operator; nothing happened. */
export function refused(group: number, leader: number, leads: boolean, why: string): QuorateError {
  const words = `group ${group} refused: ${why}`;
  return new QuorateError(leads ? "BAD_OPTION" : "NO_LEADER", "not-applied", words, { group, leader });
}

/** The log waits for space: writes are refused, reads go on. */
export function writesHeld(group: number, request: RequestId): QuorateError {
  return new QuorateError(
    "DISK_FULL",
    "not-applied",
    `group ${group} takes no writes: the disk has no space for another segment. Make space; it mends itself then`,
    { group },
    request,
  );
}

/** The snapshot that somebody was being given has made way for newer ones. */
export function snapshotGone(group: number, slot: number): QuorateError {
  return new QuorateError(
    "COMPACTED",
    "not-applied",
    `the snapshot of group ${group} to slot ${slot} is gone from this replica: begin anew, with the newest`,
    { group, slot },
  );
}

/** A replica at `revision` did not reach `wanted` in time. */
export function tooStale(group: number, revision: number, wanted: number): QuorateError {
  return new QuorateError(
    "TOO_STALE",
    "not-applied",
    `this replica of group ${group} is at revision ${revision} and lacks ${wanted}: ask again, or another node`,
    { group, revision, wanted },
  );
}

/** The host or replica is closed, or its state was replaced. */
export function closed(what: string, outcome: Outcome, request: RequestId | null): QuorateError {
  return new QuorateError("CLOSED", outcome, `${what} is closed: ask again, here or at another node`, {}, request);
}

/** The folder belongs to another cluster or node. */
export function wrongCluster(found: string, wanted: string): QuorateError {
  return new QuorateError(
    "WRONG_CLUSTER",
    "not-applied",
    `the data folder belongs to ${found}, but this process was started as ${wanted}: start it with the right folder or name`,
    { found, wanted },
  );
}

/** Peers heard more of this node's disk than is on it (rule 14). */
export function oldCopy(node: number, why: string): QuorateError {
  return wiped(node, `its folder is an older copy of its disk, and what it said since is forgotten: ${why}`);
}

/** This node's place in the cluster is taken by another life of its disk. */
export function wiped(node: number, why: string): QuorateError {
  return new QuorateError(
    "WIPED",
    "not-applied",
    `node ${node} may not vote: ${why}. Put the right folder back; or remove node ${node} from the cluster, empty its folder ` +
      `and start it with join, so that it comes in as a non-voter of a new incarnation`,
    { node },
  );
}

/** This node is no part of a formed cluster. */
export function notFormed(node: number, why: string): QuorateError {
  return new QuorateError("NOT_FORMED", "not-applied", `node ${node} belongs to no formed cluster: ${why}`, { node });
}

/** Bytes on disk that are not what was written. */
export function logCorrupt(file: string, offset: number, why: string, cause?: unknown): QuorateError {
  return new QuorateError(
    "LOG_CORRUPT",
    "not-applied",
    `${file} at offset ${offset}: ${why}. This node does not serve. Keep the folder for inspection; to go on, remove the node ` +
      `from the cluster and let it join anew with an empty folder`,
    { file, offset },
    null,
    cause,
  );
}

/** A machine did not take the image of a snapshot: its name or version is unknown, or its bytes are not what it wrote. */
export function unreadableImage(group: number, slot: number, cause: unknown): QuorateError {
  if (cause instanceof QuorateError && cause.code === "LOG_NEWER") return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return logCorrupt(`snapshot of group ${group} at slot ${slot}`, 0, `the machines cannot read it: ${why}`, cause);
}

/** A file of a later version of the format. */
export function logNewer(file: string, version: number, known: number): QuorateError {
  return new QuorateError(
    "LOG_NEWER",
    "not-applied",
    `${file} is of format version ${version}, this program knows up to ${known}: start the newer program`,
    { file, version, known },
  );
}

/** An engine found that what must hold does not. It says and records nothing more. */
export function assertionFailed(node: number, thrown: Error): QuorateError {
  return new QuorateError(
    "ASSERTION",
    "not-applied",
    `node ${node} stops serving: ${thrown.message}. That is a defect of this program, or of the machine's memory: keep the folder, ` +
      "report this with its log, and start the node again",
    { node },
    null,
    thrown,
  );
}

/** This replica's results differ from those of its peers. */
export function diverged(group: number, node: number, slotFrom: number, slotTo: number): QuorateError {
  return new QuorateError(
    "DIVERGED",
    "not-applied",
    `the results of group ${group} on node ${node} differ from its peers' somewhere in the slots ${slotFrom} to ${slotTo}: it stops ` +
      `serving. Find the machine that is not deterministic, or the faulty memory; then empty the folder and let the node join anew`,
    { group, node, slotFrom, slotTo },
  );
}
