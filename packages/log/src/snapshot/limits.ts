/** Named limits of snapshots. */
export interface SnapshotLimits {
  /** Bytes of one chunk, in the file and on the way to a peer. Larger: fewer round trips; smaller: shorter stalls of other traffic. */
  readonly chunkBytes: number;
  /** All transfers of this node together. */
  readonly sendBytesPerSecond: number;
  /** A receiver without progress asks again after this long. */
  readonly retryMs: number;
  /** A transfer without progress for this long is given up by both sides; what arrived is kept until a newer snapshot comes. */
  readonly giveUpMs: number;
}

/** The defaults. */
export const SNAPSHOT_DEFAULTS: SnapshotLimits = {
  chunkBytes: 256 * 1024,
  sendBytesPerSecond: 64 * 1024 * 1024,
  retryMs: 500,
  giveUpMs: 5_000,
};
