import { SECTOR_BYTES } from "../disk/sector.ts";
import { putSegmentHeader, type SegmentKey, viewOf } from "./format.ts";

/** Bytes of one block of the pattern; a tear leaves whole blocks. */
export const BLOCK_BYTES = 16;

/** Words of one block, and what each adds to the block's hash: the digits of pi, so that no two words of a block are alike. */
const SECOND = 0x243f6a88;
const THIRD = 0x85a308d3;
const FOURTH = 0x13198a2e;

/**
 * What fills a segment before it is used, from `position` on: the file header, then a pattern keyed by cluster, segment and offset.
 * One 16-byte block equals other bytes by chance once in 2^128. `position` and `length` are multiples of 512.
 */
export function prefill(key: SegmentKey, segmentBytes: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  if (LITTLE_ENDIAN) {
    fillBlocks(new Int32Array(bytes.buffer), key, position / BLOCK_BYTES);
  } else {
    const view = viewOf(bytes);
    for (let at = 0; at < length; at += 4) view.setUint32(at, patternWord(key, position + at), true);
  }
  if (position === 0 && length >= SECTOR_BYTES) putSegmentHeader(bytes, key, segmentBytes);
  return bytes;
}

/** Whether the sector at `offset` is untouched since the segment was made. */
export function isPrefill(segment: Uint8Array, key: SegmentKey, offset: number): boolean {
  const view = viewOf(segment);
  const end = Math.min(offset + SECTOR_BYTES, segment.length);
  for (let block = offset; block < end; block += BLOCK_BYTES) {
    if (!isPrefillBlock(view, key, block)) return false;
  }
  return true;
}

/** Whether any 16-byte block of the sector at `offset` still holds the pattern: what was written there did not all arrive. */
export function holdsPrefill(segment: Uint8Array, key: SegmentKey, offset: number): boolean {
  const view = viewOf(segment);
  const end = Math.min(offset + SECTOR_BYTES, segment.length);
  for (let block = offset; block + BLOCK_BYTES <= end; block += BLOCK_BYTES) {
    if (isPrefillBlock(view, key, block)) return true;
  }
  return false;
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** A function of its own, so that it is compiled once and not in the middle of each call. */
function fillBlocks(words: Int32Array, key: SegmentKey, blockFirst: number): void {
  let block = blockFirst;
  for (let word = 0; word < words.length; word += 4) {
    const hash = blockHash(key, block);
    words[word] = hash;
    words[word + 1] = hash ^ SECOND;
    words[word + 2] = hash + THIRD;
    words[word + 3] = ~hash ^ FOURTH;
    block += 1;
  }
}

function isPrefillBlock(view: DataView, key: SegmentKey, at: number): boolean {
  const hash = blockHash(key, at / BLOCK_BYTES);
  return (
    view.getInt32(at, true) === hash &&
    view.getInt32(at + 4, true) === (hash ^ SECOND) &&
    view.getInt32(at + 8, true) === ((hash + THIRD) | 0) &&
    view.getInt32(at + 12, true) === (~hash ^ FOURTH)
  );
}

function patternWord(key: SegmentKey, at: number): number {
  const hash = blockHash(key, Math.floor(at / BLOCK_BYTES));
  return [hash, hash ^ SECOND, hash + THIRD, ~hash ^ FOURTH][(at % BLOCK_BYTES) / 4]! >>> 0;
}

/** A signed 32-bit number for a block. Mixing: the finalizer of MurmurHash3 (A. Appleby), over block number, segment and cluster. */
function blockHash(key: SegmentKey, block: number): number {
  let hash = Math.imul(block ^ key.clusterLow, 0x9e3779b1) ^ Math.imul(key.segment ^ key.clusterHigh, 0x85ebca77);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
