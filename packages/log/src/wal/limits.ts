import { contentBytesOf } from "./sector-stamp.ts";

/** Named limits of the write-ahead log. */
export interface WalLimits {
  /** Of one segment file; a multiple of 512, 8 KiB … 1 GiB. Two are kept ahead of need. Larger: fewer files; smaller: space comes back sooner. */
  readonly segmentBytes: number;
  /** Of one write unit, without stamps. Larger: more is covered by one sync; smaller: the first of those that wait is durable sooner. */
  readonly unitBytesMax: number;
  /** An idle log appends a seal after this long: from then on a bad byte in the last records is known to be corruption. */
  readonly sealMs: number;
  /** Payload bytes of synced entries kept in memory, over all groups, so that catch-up of a peer close behind reads no disk. */
  readonly cacheBytesMax: number;
  /** Segments that are no longer needed are kept for use again, this many beside the two ahead. More: less is written twice when checkpoints let many go at once; 0: none. */
  readonly recycledMax: number;
  /** How often a full disk is tried again. */
  readonly fullRetryMs: number;
  /** The oldest segment is emptied by appending anew what is live in it, once that is at most this part of a segment. */
  readonly liveFractionMax: number;
}

/** The defaults. */
export const WAL_DEFAULTS: WalLimits = {
  segmentBytes: 16 * 1024 * 1024,
  unitBytesMax: 4 * 1024 * 1024,
  sealMs: 200,
  cacheBytesMax: 32 * 1024 * 1024,
  recycledMax: 4,
  fullRetryMs: 500,
  liveFractionMax: 0.25,
};

/** The greatest payload of one record under these limits: it must fit in a fresh segment and in one write unit. */
export function entryBytesMax(limits: WalLimits): number {
  return Math.min(contentBytesOf(limits.segmentBytes), limits.unitBytesMax) - 2048;
}
