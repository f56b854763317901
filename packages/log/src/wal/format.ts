/**
 * The write-ahead log in bytes; `FORMAT.md` draws it. All numbers are little-endian. A segment is 512-byte sectors: one file
 * header, then write units, each of whole sectors, so that no write touches a sector that an earlier sync covered. Offsets are those of content (sector-stamp.ts).
 */
import { crc32c } from "@quorate/machine";
import { CONTENT_BYTES } from "./sector-stamp.ts";

/** The version this code writes, and the newest it reads. */
export const WAL_VERSION = 1;

/** Folder of the segments, inside the claimed folder. */
export const WAL_FOLDER = "wal";

/** Bytes of the header of a write unit. */
export const UNIT_HEADER_BYTES = 32;

/** How often the header of a seal stands in its sector. */
export const SEAL_COPIES: number = Math.floor(CONTENT_BYTES / UNIT_HEADER_BYTES);

/** Bytes of the header of a record. */
export const RECORD_HEADER_BYTES = 64;

/** Where the checksum of the payload stands in a record's header. */
export const RECORD_PAYLOAD_CHECKSUM_AT = 56;

/** Where the checksum of the header stands in it; it covers everything before. */
export const RECORD_CHECKSUM_AT = 60;

/** Bytes of one line of a unit's directory. */
export const DIRECTORY_LINE_BYTES = 24;

/** Zeros (4) and checksum (4) after the directory. */
export const DIRECTORY_END_BYTES = 8;

/** Zeros after the last record, so that the end of a chain of records is seen without the unit's header. */
export const CHAIN_END_BYTES = 8;

/** Records begin at multiples of this in their segment. */
export const RECORD_ALIGNMENT = 8;

const SEGMENT_MAGIC = 0x54415551; // "QUAT"
const UNIT_MAGIC = 0x54494e55; // "UNIT"

/** What a record states. The numbers stand on disk and are never given a second meaning. */
export const RecordType = {
  promised: 1,
  accepted: 2,
  members: 3,
  chosen: 4,
  faulty: 5,
  heard: 6,
  lease: 7,
  /** A durable checkpoint covers everything to `slot`. */
  trim: 8,
  /** The promised ballot of this incarnation may have been lost (rule 5). */
  promisedLost: 9,
  /** The group had no record before this one. */
  born: 10,
} as const;

/** A number of {@link RecordType}. */
export type RecordTypeNumber = (typeof RecordType)[keyof typeof RecordType];

/** Flag of a record: rule 9's anchored. */
export const FLAG_ANCHORED = 1;
/** Flag of a record: appended anew from an older segment; cures no faulty slot. */
export const FLAG_MOVED = 2;
/** Flag of a record: its group has lost its promised ballot for this incarnation (rule 5). */
export const FLAG_PROMISED_LOST = 4;

/** Flag of a unit: a seal, without records. */
export const UNIT_FLAG_SEAL = 1;

/** Where bytes stand, for the part of every checksum that finds misdirected writes. */
export interface SegmentKey {
  /** Two independent 32-bit hashes of the cluster's name. */
  readonly clusterLow: number;
  readonly clusterHigh: number;
  /** Number of the segment, 1 or more. */
  readonly segment: number;
  /** CRC-32C of all that, as {@link placeChecksum} begins. */
  readonly checksum: number;
}

/** The key of a segment of a cluster. Hashes: FNV-1a (RFC 9923) over UTF-16 code units, from two bases. */
export function segmentKey(cluster: string, segment: number): SegmentKey {
  const clusterLow = fnv1a(cluster, 0x811c9dc5);
  const clusterHigh = fnv1a(cluster, 0x2f6b1c93);
  const bytes = new Uint8Array(16);
  const view = viewOf(bytes);
  view.setUint32(0, clusterLow, true);
  view.setUint32(4, clusterHigh, true);
  putWhole(view, 8, segment);
  return { clusterLow, clusterHigh, segment, checksum: crc32c(bytes) };
}

function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return hash >>> 0;
}

const offsetBytes = new Uint8Array(4);

/** The checksum of a place, key and offset: what every header's checksum begins with. */
export function placeChecksum(key: SegmentKey, offset: number): number {
  offsetBytes[0] = offset;
  offsetBytes[1] = offset >>> 8;
  offsetBytes[2] = offset >>> 16;
  offsetBytes[3] = offset >>> 24;
  return crc32c(offsetBytes, key.checksum);
}

/** Writes a whole number below 2^53 as 64 bits. */
export function putWhole(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
}

/** Reads what {@link putWhole} wrote. */
export function getWhole(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}

/** The next multiple of `alignment` (a power of two) that is not below `value`. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

const NOWHERE = new Uint8Array(0);
let viewed: Uint8Array = NOWHERE;
let lastView: DataView = new DataView(NOWHERE.buffer);

/** A view on the same bytes. */
export function dataViewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** {@link dataViewOf}, of which the last one is kept: record after record is read from one array. */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== viewed) {
    lastView = dataViewOf(bytes);
    viewed = bytes;
  }
  return lastView;
}

/** Path of a segment, by its number: names sort as numbers do. */
export function segmentPath(segment: number): string {
  return `${WAL_FOLDER}/${String(segment).padStart(16, "0")}.seg`;
}

/** Number of the segment with this file name; 0 if it is no segment's. */
export function segmentOfName(name: string): number {
  return /^[0-9]{16}\.seg$/.test(name) ? Number(name.slice(0, 16)) : 0;
}

/** Writes the file header of a segment: the content of its first sector. */
export function putSegmentHeader(bytes: Uint8Array, key: SegmentKey, segmentBytes: number): void {
  const view = viewOf(bytes);
  bytes.fill(0, 0, CONTENT_BYTES);
  view.setUint32(0, SEGMENT_MAGIC, true);
  view.setUint32(4, WAL_VERSION, true);
  view.setUint32(8, key.clusterLow, true);
  view.setUint32(12, key.clusterHigh, true);
  putWhole(view, 16, key.segment);
  view.setUint32(24, segmentBytes, true);
  view.setUint32(28, crc32c(bytes, 0, 0, 28), true);
}

/** The file header of a segment, as far as it is whole. */
export interface SegmentHeader {
  readonly whole: boolean;
  readonly version: number;
  readonly clusterLow: number;
  readonly clusterHigh: number;
  /** Of the whole segment. */
  readonly bytes: number;
  readonly segment: number;
}

/** Reads a file header; the version is to be believed only if the header is whole. */
export function getSegmentHeader(bytes: Uint8Array): SegmentHeader {
  if (bytes.length < CONTENT_BYTES) {
    return { whole: false, version: 0, clusterLow: 0, clusterHigh: 0, bytes: 0, segment: 0 };
  }
  const view = viewOf(bytes);
  return {
    whole: view.getUint32(0, true) === SEGMENT_MAGIC && view.getUint32(28, true) === crc32c(bytes, 0, 0, 28),
    version: view.getUint32(4, true),
    clusterLow: view.getUint32(8, true),
    clusterHigh: view.getUint32(12, true),
    bytes: view.getUint32(24, true),
    segment: getWhole(view, 16),
  };
}

/** The header of a write unit. */
export interface UnitHeader {
  /** Number of the unit; grows by one over the whole life of the disk. */
  readonly unit: number;
  /** Bytes of header, records, directory and its end, without the fill to the next sector. */
  readonly bytes: number;
  readonly records: number;
  readonly seal: boolean;
  /** Number of the oldest segment, modulo 2^32, that was needed when this unit was written. */
  readonly oldest: number;
}

/** Writes a unit's header at `at`; `offset` is its place in the segment. */
export function putUnitHeader(
  bytes: Uint8Array,
  at: number,
  key: SegmentKey,
  offset: number,
  header: UnitHeader,
): void {
  const view = viewOf(bytes);
  view.setUint32(at, UNIT_MAGIC, true);
  view.setUint32(at + 4, header.bytes, true);
  putWhole(view, at + 8, header.unit);
  view.setUint32(at + 16, header.records, true);
  view.setUint32(at + 20, header.seal ? UNIT_FLAG_SEAL : 0, true);
  view.setUint32(at + 24, header.oldest >>> 0, true);
  view.setUint32(at + 28, crc32c(bytes, placeChecksum(key, offset), at, at + 28), true);
}

/** The header of the unit at `offset` of a segment's bytes; `null` if none stands there whole. */
export function getUnitHeader(
  segment: Uint8Array,
  key: SegmentKey,
  offset: number,
  at: number = offset,
): UnitHeader | null {
  if (at + UNIT_HEADER_BYTES > segment.length) return null;
  const view = viewOf(segment);
  if (view.getUint32(at, true) !== UNIT_MAGIC) return null;
  if (view.getUint32(at + 28, true) !== crc32c(segment, placeChecksum(key, offset), at, at + 28)) return null;
  const bytes = view.getUint32(at + 4, true);
  if (at + bytes > segment.length) return null;
  return {
    unit: getWhole(view, at + 8),
    bytes,
    records: view.getUint32(at + 16, true),
    seal: (view.getUint32(at + 20, true) & UNIT_FLAG_SEAL) !== 0,
    oldest: view.getUint32(at + 24, true),
  };
}

/** Writes a seal, the content of one sector, at `at`: its header as often as it fits, so that damage to one leaves the others. */
export function putSeal(
  bytes: Uint8Array,
  at: number,
  key: SegmentKey,
  offset: number,
  unit: number,
  oldest: number,
): void {
  const header = { unit, bytes: UNIT_HEADER_BYTES, records: 0, seal: true, oldest };
  bytes.fill(0, at, at + CONTENT_BYTES);
  for (let copy = 0; copy < SEAL_COPIES; copy++)
    putUnitHeader(bytes, at + copy * UNIT_HEADER_BYTES, key, offset, header);
}

/** The seal at `offset`, which stands at `at` of `segment`, if any of its copies is whole. */
export function getSeal(segment: Uint8Array, key: SegmentKey, offset: number, at: number = offset): UnitHeader | null {
  for (let copy = 0; copy < SEAL_COPIES; copy++) {
    const header = getUnitHeader(segment, key, offset, at + copy * UNIT_HEADER_BYTES);
    if (header?.seal === true) return header;
  }
  return null;
}
