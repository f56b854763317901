import { crc32c } from "@quorate/machine";
import {
  alignUp,
  CHAIN_END_BYTES,
  DIRECTORY_END_BYTES,
  DIRECTORY_LINE_BYTES,
  getSeal,
  getUnitHeader,
  getWhole,
  placeChecksum,
  RECORD_ALIGNMENT,
  UNIT_HEADER_BYTES,
  type UnitHeader,
  viewOf,
} from "./format.ts";
import { type FoundRecord, getRecord, type LostRecord, type RecordAt } from "./record-codec.ts";
import { CONTENT_BYTES, type SegmentContent } from "./sector-stamp.ts";
import { FIRST_UNIT_OFFSET } from "./segment.ts";
import { writtenEnd } from "./torn-or-corrupt.ts";

/** A unit whose header is whole, and where it stands. */
export interface FoundUnit {
  readonly segment: number;
  readonly offset: number;
  /** Where the next unit may begin. */
  readonly end: number;
  readonly header: UnitHeader;
}

/** What a unit, or a stretch of damaged log, still tells. */
export interface UnitContent {
  /** In the order in which they were appended. */
  readonly found: readonly FoundRecord[];
  /** Records that were there and cannot be read. */
  readonly lost: readonly LostRecord[];
  /** Records may be lost of which nothing is known. */
  readonly lostUnknown: boolean;
  /** Places of damage in the segment; empty: the unit is whole. */
  readonly damage: readonly number[];
}

/** All units whose headers are whole, in order of place; damaged stretches are skipped sector by sector. */
export function findUnits(segment: SegmentContent): readonly FoundUnit[] {
  const { bytes, from, key } = segment;
  const units: FoundUnit[] = [];
  for (let offset = Math.max(from, FIRST_UNIT_OFFSET); offset < segment.end;) {
    const at = offset - from;
    const header = getUnitHeader(bytes, key, offset, at) ?? getSeal(bytes, key, offset, at);
    const next = offset + (header === null ? CONTENT_BYTES : alignUp(header.bytes, CONTENT_BYTES));
    if (header !== null) units.push({ segment: key.segment, offset, end: next, header });
    offset = next;
  }
  return units;
}

/** Reads the records of a unit whose header is whole. */
export function readUnit(segment: SegmentContent, unit: FoundUnit): UnitContent {
  const { header, offset } = unit;
  if (header.records === 0) return { found: [], lost: [], lostUnknown: false, damage: [] };
  const chain = readChain(segment, offset + UNIT_HEADER_BYTES, offset + header.bytes);
  const directoryAt = directoryOf(segment, offset, offset + header.bytes, header.records);
  if (chain.found.length === header.records && chain.damage.length === 0) {
    return { found: chain.found, lost: chain.lost, lostUnknown: false, damage: directoryAt === 0 ? [offset] : [] };
  }
  if (chain.found.length + chain.lost.length === header.records) return { ...chain, lostUnknown: false };
  if (directoryAt === 0) return { ...salvage(segment, offset, offset + header.bytes), lostUnknown: true };
  const found: FoundRecord[] = [];
  const lost: LostRecord[] = [];
  const damage: number[] = [];
  for (const line of readDirectory(segment, directoryAt, header.records)) {
    const at = recordAt(segment, line.offset);
    if (at.state === "whole") {
      found.push(at.found);
    } else {
      lost.push(at.state === "payload" ? at.lost : line);
      damage.push(line.offset);
    }
  }
  return { found, lost, lostUnknown: false, damage };
}

/**
 * Reads a unit whose header is damaged, if nothing else is: its records make an unbroken chain up to the zeros that end one, the directory behind
 * them names exactly those, and nothing that was written follows up to `end`, so that no second unit hides there. `null` otherwise.
 */
export function readHeaderless(segment: SegmentContent, offset: number, end: number): UnitContent | null {
  const chain = readChain(segment, offset + UNIT_HEADER_BYTES, end);
  const records = chain.found.length;
  if (records === 0 || chain.damage.length > 0 || !chain.ended) return null;
  const unitEnd = chain.end + CHAIN_END_BYTES + records * DIRECTORY_LINE_BYTES + DIRECTORY_END_BYTES;
  if (unitEnd > end || directoryOf(segment, offset, unitEnd, records) === 0) return null;
  const next = offset + alignUp(unitEnd - offset, CONTENT_BYTES);
  if (writtenEnd(segment.sectors, next, end) !== next) return null;
  return { found: chain.found, lost: [], lostUnknown: false, damage: [offset] };
}

/** Every whole record in a damaged stretch. */
export function salvage(segment: SegmentContent, from: number, end: number): UnitContent {
  const found: FoundRecord[] = [];
  const lost: LostRecord[] = [];
  for (let offset = alignUp(from, RECORD_ALIGNMENT); offset < end;) {
    const at = recordAt(segment, offset);
    if (at.state === "whole") found.push(at.found);
    else if (at.state === "payload") lost.push(at.lost);
    offset += at.state === "whole" ? at.found.bytes : RECORD_ALIGNMENT;
  }
  return { found, lost, lostUnknown: true, damage: [from] };
}

interface Chain {
  readonly found: readonly FoundRecord[];
  readonly lost: readonly LostRecord[];
  readonly damage: readonly number[];
  /** The zeros after the last record were seen, at `end`. */
  readonly ended: boolean;
  readonly end: number;
}

function readChain(segment: SegmentContent, from: number, end: number): Chain {
  const found: FoundRecord[] = [];
  const lost: LostRecord[] = [];
  const damage: number[] = [];
  let offset = from;
  while (offset < end) {
    if (isZero(segment.bytes, offset - segment.from, CHAIN_END_BYTES))
      return { found, lost, damage, ended: true, end: offset };
    const at = recordAt(segment, offset);
    if (at.state === "whole") {
      found.push(at.found);
      offset += at.found.bytes;
      continue;
    }
    damage.push(offset);
    if (at.state === "header") break;
    lost.push(at.lost);
    offset += at.bytes;
  }
  return { found, lost, damage, ended: false, end: offset };
}

interface DirectoryLine extends LostRecord {
  readonly offset: number;
}

/** Where the directory of the unit from `offset` to `end` begins; 0 if it is damaged, or none. */
function directoryOf(segment: SegmentContent, offset: number, end: number, records: number): number {
  const from = end - DIRECTORY_END_BYTES - records * DIRECTORY_LINE_BYTES;
  if (from < offset + UNIT_HEADER_BYTES) return 0;
  const { bytes, key } = segment;
  const checksumAt = end - 4 - segment.from;
  const checksum = crc32c(bytes, placeChecksum(key, offset), from - segment.from, checksumAt);
  return viewOf(bytes).getUint32(checksumAt, true) === checksum ? from : 0;
}

function readDirectory(segment: SegmentContent, from: number, records: number): readonly DirectoryLine[] {
  const view = viewOf(segment.bytes);
  const start = from - segment.from;
  return Array.from({ length: records }, (_, index) => {
    const at = start + index * DIRECTORY_LINE_BYTES;
    return {
      offset: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      group: view.getUint32(at + 8, true),
      subject: getWhole(view, at + 16),
      restated: null,
    };
  });
}

function recordAt({ bytes, from, key }: SegmentContent, offset: number): RecordAt {
  return getRecord(bytes, key, offset, offset - from);
}

function isZero(bytes: Uint8Array, from: number, length: number): boolean {
  for (let at = from; at < from + length; at++) if (bytes[at] !== 0) return false;
  return true;
}
