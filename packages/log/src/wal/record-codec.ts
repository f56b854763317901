import { crc32c, xxh32 } from "@quorate/machine";
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
  dataViewOf,
  FLAG_ANCHORED,
  FLAG_MOVED,
  FLAG_PROMISED_LOST,
  getWhole,
  placeChecksum,
  putWhole,
  RECORD_ALIGNMENT,
  RECORD_CHECKSUM_AT,
  RECORD_HEADER_BYTES,
  RECORD_PAYLOAD_CHECKSUM_AT,
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

/** Faulty slots of one group, at most: with more, its promised ballot is taken for lost instead. */
export const FAULTY_SLOTS_MAX: number = 1 << 20;

const KINDS: readonly EntryKind[] = ["batch", "noop", "members"];

/** The number on disk of a record's kind. */
export function typeOf(record: StoredRecord): RecordTypeNumber {
  return record.kind === "promised-lost" ? RecordType.promisedLost : RecordType[record.kind];
}

/**
 * What every record says again of its group, as of when it was appended: so that a record that is lost costs neither the promised
 * ballot nor more than the slots that it can have held, if any later one can be read.
 */
export interface Restated {
  /** The promised ballot. */
  readonly promised: number;
  /** That may be higher than this: it is lost for this incarnation (rule 5). */
  readonly promisedLost: boolean;
  /** The highest slot voted for, learned or known to be faulty; 0: none. */
  readonly slotLast: number;
}

/**
 * The one number that a record is about. It stands in the record's header and again in the directory of its unit: a slot; of a promise, the
 * ballot; of a lease, milliseconds, rounded up; else 0.
 */
export function subjectOf(record: StoredRecord): number {
  switch (record.kind) {
    case "accepted":
      return record.entry.slot;
    case "members":
      return record.governing.slot;
    case "chosen":
      return record.slot;
    case "trim":
      return record.base;
    case "promised":
      return record.ballot;
    case "lease":
      return Math.ceil(record.leaseMsMax);
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
      return encodeWholes(rangesOf(record.slots));
    case "heard":
      return encodePeers(record.peers);
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

/** A record on its way into a unit: all that its header states, so that whoever lays it out need not ask for its kind. */
export interface RecordToWrite {
  readonly group: number;
  readonly type: RecordTypeNumber;
  readonly flags: number;
  /** Of an entry: the number of its kind. */
  readonly entryKind: number;
  /** As {@link subjectOf} has it. */
  readonly subject: number;
  readonly ballot: number;
  readonly origin: number;
  readonly restated: Restated;
  readonly payload: Uint8Array;
  /** XXH32 of the payload: computed when the record is appended, while the disk is busy with the unit before. */
  readonly payloadChecksum: number;
}

/**
 * What is to be written of a record of `group`.
 *
 * @param moved - it is appended anew from an older segment.
 */
export function recordToWrite(group: number, record: StoredRecord, moved: boolean, restated: Restated): RecordToWrite {
  const entry = record.kind === "accepted" ? record.entry : null;
  const payload = payloadOf(record);
  return {
    group,
    type: typeOf(record),
    flags:
      (entry?.anchored === true ? FLAG_ANCHORED : 0) |
      (moved ? FLAG_MOVED : 0) |
      (restated.promisedLost ? FLAG_PROMISED_LOST : 0),
    entryKind: entry === null ? 0 : KINDS.indexOf(entry.kind),
    subject: subjectOf(record),
    ballot: ballotOfRecord(record),
    origin: entry === null ? 0 : entry.origin,
    restated,
    payload,
    payloadChecksum: xxh32(payload),
  };
}

/** Writes the header of a record into the first bytes of `bytes`, of which `view` is a view; `offset` is its place in the segment. */
export function putRecordHeader(
  bytes: Uint8Array,
  view: DataView,
  key: SegmentKey,
  offset: number,
  written: RecordToWrite,
): void {
  const { restated } = written;
  view.setUint32(0, written.payload.length, true);
  bytes[4] = written.type;
  bytes[5] = written.flags;
  bytes[6] = written.entryKind;
  bytes[7] = 0;
  view.setUint32(8, written.group, true);
  view.setUint32(12, 0, true);
  putWhole(view, 16, written.subject);
  putWhole(view, 24, written.ballot);
  putWhole(view, 32, written.origin);
  putWhole(view, 40, restated.promised);
  putWhole(view, 48, restated.slotLast);
  view.setUint32(RECORD_PAYLOAD_CHECKSUM_AT, written.payloadChecksum, true);
  const checksum = crc32c(bytes, placeChecksum(key, offset), 0, RECORD_CHECKSUM_AT);
  view.setUint32(RECORD_CHECKSUM_AT, checksum, true);
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
  readonly restated: Restated;
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
  /** As {@link subjectOf} has it. */
  readonly subject: number;
  /** `null` where the record's own header is damaged. */
  readonly restated: Restated | null;
}

/** Reads the record at `offset` of a segment. Payloads are copied. `at`: where the bytes of `offset` stand, if not there. */
export function getRecord(segment: Uint8Array, key: SegmentKey, offset: number, at: number = offset): RecordAt {
  if (at + RECORD_HEADER_BYTES > segment.length) return { state: "header" };
  const type = segment[at + 4]!;
  if (type === 0 || type > RecordType.born || segment[at + 7] !== 0) return { state: "header" };
  const view = viewOf(segment);
  const checksum = crc32c(segment, placeChecksum(key, offset), at, at + RECORD_CHECKSUM_AT);
  if (view.getUint32(at + RECORD_CHECKSUM_AT, true) !== checksum) {
    return { state: "header" };
  }
  const length = view.getUint32(at, true);
  const group = view.getUint32(at + 8, true);
  const subject = getWhole(view, at + 16);
  const flags = segment[at + 5]!;
  const restated: Restated = {
    promised: getWhole(view, at + 40),
    promisedLost: (flags & FLAG_PROMISED_LOST) !== 0,
    slotLast: getWhole(view, at + 48),
  };
  const bytes = alignUp(RECORD_HEADER_BYTES + length, RECORD_ALIGNMENT);
  const from = at + RECORD_HEADER_BYTES;
  const damaged: RecordAt = { state: "payload", lost: { type, group, subject, restated }, bytes };
  if (from + length > segment.length) return damaged;
  if (view.getUint32(at + RECORD_PAYLOAD_CHECKSUM_AT, true) !== xxh32(segment, from, from + length)) return damaged;
  const kind = KINDS[segment[at + 6]!];
  if (kind === undefined) return damaged;
  const ballot = getWhole(view, at + 24);
  const origin = getWhole(view, at + 32);
  // An entry keeps its bytes; everything else is decoded at once.
  const payload =
    type === RecordType.accepted ? segment.slice(from, from + length) : segment.subarray(from, from + length);
  const anchored = (flags & FLAG_ANCHORED) !== 0;
  const record = decodeRecord(type, { slot: subject, ballot, origin, anchored, kind, bytes: payload });
  if (record === null) return damaged;
  return { state: "whole", found: { group, moved: (flags & FLAG_MOVED) !== 0, offset, bytes, record, restated } };
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
      const slots = slotsIn(decodeWholes(entry.bytes));
      return slots === null ? null : { kind: "faulty", slots };
    }
    case RecordType.heard:
      return { kind: "heard", peers: decodePeers(entry.bytes) };
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
  for (let index = 0; index < values.length; index++) putWhole(view, index * 8, values[index]!);
  return bytes;
}

function decodeWholes(bytes: Uint8Array): readonly number[] {
  const view = viewOf(bytes);
  const values: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) values.push(getWhole(view, at));
  return values;
}

/** Ascending slots as ranges: first and last of each, inclusive. */
function rangesOf(slots: readonly number[]): readonly number[] {
  const ranges: number[] = [];
  for (const slot of slots) {
    if (ranges.length > 0 && ranges[ranges.length - 1] === slot - 1) ranges[ranges.length - 1] = slot;
    else ranges.push(slot, slot);
  }
  return ranges;
}

/** Reads what {@link rangesOf} made; `null` for anything else. */
function slotsIn(ranges: readonly number[]): readonly number[] | null {
  const slots: number[] = [];
  for (let at = 0; at < ranges.length; at += 2) {
    const from = ranges[at]!;
    const to = ranges[at + 1] ?? -1;
    if (to < from || to - from + slots.length >= FAULTY_SLOTS_MAX) return null;
    for (let slot = from; slot <= to; slot++) slots.push(slot);
  }
  return slots;
}

const PEER_BYTES = 32;

/** What a payload of peers is cut from: one comes with almost every unit, and lives until that is written. */
let peersBuffer: Uint8Array = new Uint8Array(0);
let peersView: DataView = dataViewOf(peersBuffer);
let peersUsed = 0;

function encodePeers(peers: readonly HeardPeer[]): Uint8Array {
  const length = peers.length * PEER_BYTES;
  if (peersUsed + length > peersBuffer.length) {
    peersBuffer = new Uint8Array(Math.max(length, 128 * PEER_BYTES));
    peersView = dataViewOf(peersBuffer);
    peersUsed = 0;
  }
  let at = peersUsed;
  for (const { node, incarnation, life, unit } of peers) {
    putWhole(peersView, at, node);
    putWhole(peersView, at + 8, incarnation);
    putWhole(peersView, at + 16, life);
    putWhole(peersView, at + 24, unit);
    at += PEER_BYTES;
  }
  const bytes = peersBuffer.subarray(peersUsed, at);
  peersUsed = at;
  return bytes;
}

function decodePeers(bytes: Uint8Array): readonly HeardPeer[] {
  const view = dataViewOf(bytes);
  const peers: HeardPeer[] = [];
  for (let at = 0; at + PEER_BYTES <= bytes.length; at += PEER_BYTES) {
    const node = getWhole(view, at);
    const incarnation = getWhole(view, at + 8);
    peers.push({ node, incarnation, life: getWhole(view, at + 16), unit: getWhole(view, at + 24) });
  }
  return peers;
}
