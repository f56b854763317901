/** A snapshot file in bytes; `FORMAT.md` draws it. Numbers are little-endian. */
import { crc32c } from "@quorate/machine";
import { alignUp, getWhole, putWhole, segmentKey, viewOf } from "../wal/format.ts";
import type { SnapshotHead } from "../wal/group-log.ts";
import { decodeGoverning, encodeGoverning } from "../wal/record-codec.ts";

/** The version this code writes, and the newest it reads. */
export const SNAPSHOT_VERSION = 1;

/** Folder of the snapshots, inside the claimed folder. */
export const SNAPSHOT_FOLDER = "snapshot";

/** Length and checksum before each chunk; with length 0 at the end. */
export const CHUNK_HEADER_BYTES = 8;

const MAGIC = 0x50414e53; // "SNAP"
const FIXED_BYTES = 24;
const HEAD_FIXED_BYTES = 48;

/** Greatest length of a file header: nothing longer is ever made. */
export const HEADER_BYTES_MAX: number = 64 * 1024;

/** Path of the snapshot of `group` that covers everything to `slot`. */
export function snapshotPath(group: number, slot: number): string {
  return `${SNAPSHOT_FOLDER}/${group}-${String(slot).padStart(16, "0")}.snap`;
}

/** Group and slot in a snapshot's file name; `null` if it is none. */
export function parseSnapshotName(name: string): { readonly group: number; readonly slot: number } | null {
  const parts = /^([0-9]{1,10})-([0-9]{16})\.snap$/.exec(name);
  return parts === null ? null : { group: Number(parts[1]), slot: Number(parts[2]) };
}

/** The file header: what stands before the first chunk. */
export function encodeHeader(cluster: string, head: SnapshotHead): Uint8Array {
  const governing = encodeGoverning(head.governing);
  const bytes = new Uint8Array(alignUp(FIXED_BYTES + HEAD_FIXED_BYTES + governing.length, 8));
  const view = viewOf(bytes);
  const key = segmentKey(cluster, 0);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, SNAPSHOT_VERSION, true);
  view.setUint32(8, key.clusterLow, true);
  view.setUint32(12, key.clusterHigh, true);
  view.setUint32(16, governing.length, true);
  putWhole(view, FIXED_BYTES, head.group);
  putWhole(view, FIXED_BYTES + 8, head.slot);
  putWhole(view, FIXED_BYTES + 16, head.revision);
  putWhole(view, FIXED_BYTES + 24, head.standing.origin);
  view.setUint32(FIXED_BYTES + 32, head.standing.carries ? 1 : 0, true);
  view.setUint32(FIXED_BYTES + 36, head.digest, true);
  bytes.set(governing, FIXED_BYTES + HEAD_FIXED_BYTES);
  view.setUint32(20, headerChecksum(bytes), true);
  return bytes;
}

function headerChecksum(bytes: Uint8Array): number {
  return crc32c(bytes, crc32c(bytes, 0, 0, 20), 24);
}

/** What the beginning of a file says of it. */
export type HeaderFound =
  | { readonly state: "whole"; readonly head: SnapshotHead; readonly bytes: number; readonly checksum: number }
  | { readonly state: "newer"; readonly version: number }
  | { readonly state: "other cluster" }
  | { readonly state: "damaged" };

/** Reads a file header from the first bytes of a file. */
export function decodeHeader(bytes: Uint8Array, cluster: string): HeaderFound {
  if (bytes.length < FIXED_BYTES + HEAD_FIXED_BYTES) return { state: "damaged" };
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== MAGIC) return { state: "damaged" };
  const version = view.getUint32(4, true);
  const governingBytes = view.getUint32(16, true);
  const length = alignUp(FIXED_BYTES + HEAD_FIXED_BYTES + governingBytes, 8);
  if (length > bytes.length || length > HEADER_BYTES_MAX) return { state: "damaged" };
  if (view.getUint32(20, true) !== headerChecksum(bytes.subarray(0, length))) return { state: "damaged" };
  if (version > SNAPSHOT_VERSION) return { state: "newer", version };
  const key = segmentKey(cluster, 0);
  if (view.getUint32(8, true) !== key.clusterLow || view.getUint32(12, true) !== key.clusterHigh) {
    return { state: "other cluster" };
  }
  const from = FIXED_BYTES + HEAD_FIXED_BYTES;
  const governing = decodeGoverning(bytes.subarray(from, from + governingBytes));
  if (governing === null) return { state: "damaged" };
  const head: SnapshotHead = {
    group: getWhole(view, FIXED_BYTES),
    slot: getWhole(view, FIXED_BYTES + 8),
    governing,
    standing: {
      origin: getWhole(view, FIXED_BYTES + 24),
      carries: view.getUint32(FIXED_BYTES + 32, true) === 1,
    },
    revision: getWhole(view, FIXED_BYTES + 16),
    digest: view.getUint32(FIXED_BYTES + 36, true),
  };
  return { state: "whole", head, bytes: length, checksum: view.getUint32(20, true) };
}

/**
 * The checksum of a chunk: over its length, its bytes, and the checksum before it, so that chunks cannot change places or files.
 * The first follows the header's; the end is a chunk without bytes.
 */
export function chunkChecksum(before: number, chunk: Uint8Array): number {
  const length = new Uint8Array(8);
  const view = viewOf(length);
  view.setUint32(0, before, true);
  view.setUint32(4, chunk.length, true);
  return crc32c(chunk, crc32c(length));
}

/** What stands before a chunk. */
export function encodeChunkHeader(length: number, checksum: number): Uint8Array {
  const bytes = new Uint8Array(CHUNK_HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, length, true);
  view.setUint32(4, checksum, true);
  return bytes;
}
