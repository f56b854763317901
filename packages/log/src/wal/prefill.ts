import { SECTOR_BYTES } from "../disk/sector.ts";
import { putSegmentHeader, type SegmentKey, viewOf } from "./format.ts";

/** Bytes of one block of the pattern; a tear leaves whole blocks. */
export const BLOCK_BYTES = 16;

/**
 * What fills a segment before it is used, from `position` on: the file header, then a pattern keyed by cluster, segment and offset.
 * One 16-byte block equals other bytes by chance once in 2^128. `position` and `length` are multiples of 512.
 */
export function prefill(key: SegmentKey, segmentBytes: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const words = viewOf(bytes);
  for (let offset = 0; offset < length; offset += 4) {
    words.setUint32(offset, patternWord(key, (position + offset) >>> 2), true);
  }
  if (position === 0 && length >= SECTOR_BYTES) putSegmentHeader(bytes, key, segmentBytes);
  return bytes;
}

/** Whether the sector at `offset` is untouched since the segment was made. */
export function isPrefill(segment: Uint8Array, key: SegmentKey, offset: number): boolean {
  const view = viewOf(segment);
  const end = Math.min(offset + SECTOR_BYTES, segment.length);
  for (let at = offset; at < end; at += 4) {
    if (view.getUint32(at, true) !== patternWord(key, at >>> 2)) return false;
  }
  return true;
}

/** Whether any 16-byte block of the sector at `offset` still holds the pattern: what was written there did not all arrive. */
export function holdsPrefill(segment: Uint8Array, key: SegmentKey, offset: number): boolean {
  const view = viewOf(segment);
  const end = Math.min(offset + SECTOR_BYTES, segment.length);
  for (let block = offset; block + BLOCK_BYTES <= end; block += BLOCK_BYTES) {
    let at = block;
    while (at < block + BLOCK_BYTES && view.getUint32(at, true) === patternWord(key, at >>> 2)) at += 4;
    if (at === block + BLOCK_BYTES) return true;
  }
  return false;
}

/** One word of the pattern. Mixing: the finalizer of MurmurHash3 (A. Appleby), over word number, segment and cluster. */
function patternWord(key: SegmentKey, word: number): number {
  let hash = Math.imul(word ^ key.clusterLow, 0x9e3779b1) ^ Math.imul(key.segment ^ key.clusterHigh, 0x85ebca77);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
