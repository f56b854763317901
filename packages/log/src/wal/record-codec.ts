import { crc32c } from "@quorate/machine";
import {
  type DurableRecord,
  decodeMembers,
  encodeMembers,
  type Entry,
  type EntryKind,
  type Governing,
  type HeardPeer,
  NO_BYTES,
} from "@quorate/paxos";
import {
  alignUp,
  FLAG_ANCHORED,
  FLAG_MOVED,
  getWhole,
  placeChecksum,
  putWhole,
  RECORD_ALIGNMENT,
  RECORD_HEADER_BYTES,
  RecordType,
  type RecordTypeNumber,
  type SegmentKey,
  viewOf,
} from "./format.ts";

/** A durable checkpoint covers everything to `base`; `governing` is the set in force there. */
export interface TrimRecord {
  readonly kind: "trim";
  readonly base: number;
  readonly governing: Governing;
}

/** This incarnation may have lost its promised ballot: it never promises nor accepts again (rule 5). */
export interface PromisedLostRecord {
  readonly kind: "promised-lost";
}

/** The first record of a group: whatever was lost before was not its own. */
export interface BornRecord {
  readonly kind: "born";
}

/** Everything a record of the log can state. */
export type StoredRecord = DurableRecord | TrimRecord | PromisedLostRecord | BornRecord;

const KINDS: readonly EntryKind[] = ["batch", "noop", "members"];

/** The number on disk of a record's kind. */
export function typeOf(record: StoredRecord): RecordTypeNumber {
  return record.kind === "promised-lost" ? RecordType.promisedLost : RecordType[record.kind];
}

/** The slot that stands in a record's header; 0 if it speaks of none. */
export function slotOf(record: StoredRecord): number {
  switch (record.kind) {
    case "accepted":
      return record.entry.slot;
    case "members":
      return record.governing.slot;
    case "chosen":
      return record.slot;
    case "trim":
      return record.base;
    default:
      return 0;
  }
}

/** The payload of a record; an entry's own bytes, not copied. */
export function payloadOf(record: StoredRecord): Uint8Array {
  switch (record.kind) {
    case "accepted":
      return record.entry.bytes;
    case "members":
    case "trim":
      return encodeGoverning(record.governing);
    case "faulty":
      return encodeWholes([record.from, ...record.slots]);
    case "heard":
      return encodeWholes(record.peers.flatMap((peer) => [peer.node, peer.incarnation, peer.life, peer.unit]));
    case "lease": {
      const bytes = new Uint8Array(8);
      viewOf(bytes).setFloat64(0, record.leaseMsMax, true);
      return bytes;
    }
    default:
      return NO_BYTES;
  }
}

/** Bytes that a record with a payload of this length takes in a unit. */
export function recordBytesOf(payloadBytes: number): number {
  return alignUp(RECORD_HEADER_BYTES + payloadBytes, RECORD_ALIGNMENT);
}

/** Writes a record at `at` of a unit's bytes; `offset` is its place in the segment. What follows its payload up to the alignment is zeroed. */
export function putRecord(
  bytes: Uint8Array,
  at: number,
  key: SegmentKey,
  offset: number,
  group: number,
  record: StoredRecord,
  payload: Uint8Array,
  payloadChecksum: number,
  moved: boolean,
): void {
  const view = viewOf(bytes);
  const entry = record.kind === "accepted" ? record.entry : null;
  view.setUint32(at, payload.length, true);
  bytes[at + 4] = typeOf(record);
  bytes[at + 5] = (entry?.anchored === true ? FLAG_ANCHORED : 0) | (moved ? FLAG_MOVED : 0);
  bytes[at + 6] = entry === null ? 0 : KINDS.indexOf(entry.kind);
  bytes[at + 7] = 0;
  view.setUint32(at + 8, group, true);
  view.setUint32(at + 12, 0, true);
  putWhole(view, at + 16, slotOf(record));
  putWhole(view, at + 24, ballotOfRecord(record));
  putWhole(view, at + 32, entry === null ? 0 : entry.origin);
  view.setUint32(at + 40, payloadChecksum, true);
  view.setUint32(at + 44, crc32c(bytes, placeChecksum(key, offset), at, at + 44), true);
  bytes.set(payload, at + RECORD_HEADER_BYTES);
  bytes.fill(0, at + RECORD_HEADER_BYTES + payload.length, at + recordBytesOf(payload.length));
}

/** The ballot that stands in a record's header: of a vote or a promise its own, of a set its floor; else 0. */
export function ballotOfRecord(record: StoredRecord): number {
  switch (record.kind) {
    case "promised":
      return record.ballot;
    case "accepted":
      return record.entry.ballot;
    case "members":
    case "trim":
      return record.governing.floor;
    default:
      return 0;
  }
}

/** A record as recovery finds it. */
export interface FoundRecord {
  readonly group: number;
  readonly moved: boolean;
  /** Place of its header in the segment. */
  readonly offset: number;
  /** Bytes it takes in the segment. */
  readonly bytes: number;
  readonly record: StoredRecord;
}

/** What stands at a place where a record may begin. `header`: its header is damaged. `payload`: the header is whole, the rest is not. */
export type RecordAt =
  | { readonly state: "whole"; readonly found: FoundRecord }
  | { readonly state: "payload"; readonly lost: LostRecord; readonly bytes: number }
  | { readonly state: "header" };

/** A record that was there and cannot be read, as far as its header or the unit's directory tells. */
export interface LostRecord {
  readonly type: number;
  readonly group: number;
  readonly slot: number;
}

/** Reads the record at `offset` of a segment. Payloads are copied. `at`: where the bytes of `offset` stand, if not there. */
export function getRecord(segment: Uint8Array, key: SegmentKey, offset: number, at: number = offset): RecordAt {
  if (at + RECORD_HEADER_BYTES > segment.length) return { state: "header" };
  const type = segment[at + 4]!;
  if (type === 0 || type > RecordType.born || segment[at + 7] !== 0) return { state: "header" };
  const view = viewOf(segment);
  if (view.getUint32(at + 44, true) !== crc32c(segment, placeChecksum(key, offset), at, at + 44)) {
    return { state: "header" };
  }
  const length = view.getUint32(at, true);
  const group = view.getUint32(at + 8, true);
  const slot = getWhole(view, at + 16);
  const bytes = alignUp(RECORD_HEADER_BYTES + length, RECORD_ALIGNMENT);
  const from = at + RECORD_HEADER_BYTES;
  const damaged: RecordAt = { state: "payload", lost: { type, group, slot }, bytes };
  if (from + length > segment.length) return damaged;
  if (view.getUint32(at + 40, true) !== crc32c(segment, 0, from, from + length)) return damaged;
  const flags = segment[at + 5]!;
  const kind = KINDS[segment[at + 6]!];
  if (kind === undefined) return damaged;
  const ballot = getWhole(view, at + 24);
  const origin = getWhole(view, at + 32);
  const payload = segment.slice(from, from + length);
  const anchored = (flags & FLAG_ANCHORED) !== 0;
  const record = decodeRecord(type, { slot, ballot, origin, anchored, kind, bytes: payload });
  if (record === null) return damaged;
  return { state: "whole", found: { group, moved: (flags & FLAG_MOVED) !== 0, offset, bytes, record } };
}

function decodeRecord(type: number, entry: Entry): StoredRecord | null {
  switch (type) {
    case RecordType.promised:
      return { kind: "promised", ballot: entry.ballot };
    case RecordType.accepted:
      return { kind: "accepted", entry };
    case RecordType.members: {
      const governing = decodeGoverning(entry.bytes);
      return governing === null ? null : { kind: "members", governing };
    }
    case RecordType.chosen:
      return { kind: "chosen", slot: entry.slot };
    case RecordType.faulty: {
      const wholes = decodeWholes(entry.bytes);
      return wholes.length === 0 ? null : { kind: "faulty", slots: wholes.slice(1), from: wholes[0]! };
    }
    case RecordType.heard:
      return { kind: "heard", peers: decodePeers(decodeWholes(entry.bytes)) };
    case RecordType.lease:
      return entry.bytes.length === 8 ? { kind: "lease", leaseMsMax: viewOf(entry.bytes).getFloat64(0, true) } : null;
    case RecordType.trim: {
      const governing = decodeGoverning(entry.bytes);
      return governing === null ? null : { kind: "trim", base: entry.slot, governing };
    }
    case RecordType.promisedLost:
      return { kind: "promised-lost" };
    case RecordType.born:
      return { kind: "born" };
    default:
      return null;
  }
}

/** A set as it took effect, in bytes: slot (8), floor (8), then `encodeMembers`. */
export function encodeGoverning(governing: Governing): Uint8Array {
  const members = encodeMembers(governing.members);
  const bytes = new Uint8Array(16 + members.length);
  const view = viewOf(bytes);
  putWhole(view, 0, governing.slot);
  putWhole(view, 8, governing.floor);
  bytes.set(members, 16);
  return bytes;
}

/** Reads what {@link encodeGoverning} wrote; `null` for anything else. */
export function decodeGoverning(bytes: Uint8Array): Governing | null {
  if (bytes.length < 16) return null;
  const view = viewOf(bytes);
  const members = decodeMembers(bytes.subarray(16));
  return members === null ? null : { members, slot: getWhole(view, 0), floor: getWhole(view, 8) };
}

function encodeWholes(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = viewOf(bytes);
  values.forEach((value, index) => {
    putWhole(view, index * 8, value);
  });
  return bytes;
}

function decodeWholes(bytes: Uint8Array): readonly number[] {
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length >>> 3 }, (_, index) => getWhole(view, index * 8));
}

function decodePeers(wholes: readonly number[]): readonly HeardPeer[] {
  const peers: HeardPeer[] = [];
  for (let at = 0; at + 3 < wholes.length; at += 4) {
    peers.push({ node: wholes[at]!, incarnation: wholes[at + 1]!, life: wholes[at + 2]!, unit: wholes[at + 3]! });
  }
  return peers;
}
