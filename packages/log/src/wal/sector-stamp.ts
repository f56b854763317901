/**
 * Every 512-byte sector of a segment ends with a stamp that says for which segment it was written. So a file can be used again under a new number without being
 * filled first: what a sector holds from before bears a lower number. A tear leaves the end of a sector as it was, so a sector that did not arrive whole has the old stamp, too.
 *
 * Offsets in the log count *content*: what sectors hold before their stamps, one after the other.
 */
import { SECTOR_BYTES } from "../disk/sector.ts";
import { zeros } from "../disk/zeros.ts";
import type { SegmentKey } from "./format.ts";

/** Bytes of a stamp; not more than a tear leaves of the old. */
export const STAMP_BYTES = 8;

/** Bytes of a sector before its stamp. */
export const CONTENT_BYTES: number = SECTOR_BYTES - STAMP_BYTES;

/** Of a sector that was filled and never written since. */
const UNUSED = 0;

/** A stamp with this many bytes as they should be is that stamp, damaged. By chance that is so once in 2^34. */
const BYTES_KNOWN_BY = 5;

/**
 * What the stamp of a sector tells. `old`: what stands there is from before, or fill. `written`: for this segment. `strange`: neither; the sector was
 * destroyed, or something landed there that belongs elsewhere.
 */
export type SectorState = "old" | "written" | "strange";

/** The stamp of a strange sector, as it stands there. */
export interface StrangeStamp {
  /** Of the sector's content. */
  readonly offset: number;
  readonly low: number;
  readonly high: number;
}

/** Sectors in a row, and what the stamp of each tells. */
export class SectorStates {
  /** Offset of the content of the first. */
  readonly from: number;
  readonly #states: readonly SectorState[];

  constructor(from: number, states: readonly SectorState[]) {
    this.from = from;
    this.#states = states;
  }

  /** Where the content ends. */
  get end(): number {
    return this.from + this.#states.length * CONTENT_BYTES;
  }

  /** Of the sector whose content begins at `offset`. */
  at(offset: number): SectorState {
    return this.#states[(offset - this.from) / CONTENT_BYTES] ?? "old";
  }
}

/** Where in its file the content at `offset` stands. */
export function fileOffset(offset: number): number {
  return Math.floor(offset / CONTENT_BYTES) * SECTOR_BYTES + (offset % CONTENT_BYTES);
}

/** Content of a file of this length. */
export function contentBytesOf(fileBytes: number): number {
  return Math.floor(fileBytes / SECTOR_BYTES) * CONTENT_BYTES;
}

/** These sectors of a segment as bytes of its file. `offset`: of the content, which is of whole sectors. */
export function stamped(content: Uint8Array, key: SegmentKey, offset: number): Uint8Array {
  return withStamps(content, key, offset, key.segment);
}

/**
 * The same sectors as if they had never been written: what they hold is as it was, and only the stamps are of no segment. So a tear while they are written leaves
 * nothing that was not there before: each of them is as it was, or old.
 */
export function withdrawn(content: Uint8Array, key: SegmentKey, offset: number): Uint8Array {
  return withStamps(content, key, offset, UNUSED);
}

/** Sectors that were never written, as bytes of the file: zeros, and the stamp of no segment. `sectorFirst`: number of the first. */
export function unusedSectors(key: SegmentKey, sectorFirst: number, sectors: number): Uint8Array {
  return putStamps(new Uint8Array(sectors * SECTOR_BYTES), key, UNUSED, sectorFirst);
}

function withStamps(content: Uint8Array, key: SegmentKey, offset: number, segment: number): Uint8Array {
  const sectors = content.length / CONTENT_BYTES;
  const bytes = new Uint8Array(sectors * SECTOR_BYTES);
  for (let sector = 0; sector < sectors; sector++) {
    const from = sector * CONTENT_BYTES;
    bytes.set(content.subarray(from, from + CONTENT_BYTES), sector * SECTOR_BYTES);
  }
  return putStamps(bytes, key, segment, offset / CONTENT_BYTES);
}

/** Stamps all sectors of `bytes`, and returns them. */
function putStamps(bytes: Uint8Array, key: SegmentKey, segment: number, sectorFirst: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let sector = 0; sector < bytes.length / SECTOR_BYTES; sector++) {
    putStamp(view, stampAt(sector), key, segment, sectorFirst + sector);
  }
  return bytes;
}

/** Sectors of a segment, read. */
export class SegmentContent {
  readonly key: SegmentKey;
  /** Offset of the first byte. */
  readonly from: number;
  /** The contents of the sectors, one after the other; zeros where that is old. */
  readonly bytes: Uint8Array;
  /** Numbers of the sectors whose stamp is not as it was written. */
  readonly stampsDamaged: readonly number[];
  readonly sectors: SectorStates;
  /** Of all strange sectors. */
  readonly strange: readonly StrangeStamp[];

  /**
   * @param image - bytes of the file, whole sectors of it, the first of which is number `sectorFirst`; they are copied.
   * @param numberFirst - the lowest number that a segment of this log has. What stood in a file before has a lower one.
   */
  constructor(image: Uint8Array, key: SegmentKey, sectorFirst: number = 0, numberFirst: number = key.segment) {
    const sectors = Math.floor(image.length / SECTOR_BYTES);
    const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
    const states: SectorState[] = [];
    const damaged: number[] = [];
    for (let sector = 0; sector < sectors; sector++) {
      const number = stampedNumber(view, stampAt(sector), key, sectorFirst + sector);
      if (number === null) damaged.push(sector);
      states.push(number === null ? "strange" : stateOf(number, key, numberFirst));
    }
    for (const [sector, number] of recognized(damaged, sectors, view, key, sectorFirst)) {
      states[sector] = stateOf(number, key, numberFirst);
    }
    this.key = key;
    this.from = sectorFirst * CONTENT_BYTES;
    this.bytes = zeros(sectors * CONTENT_BYTES);
    this.stampsDamaged = damaged.map((sector) => sectorFirst + sector);
    for (let sector = 0; sector < sectors; sector++) {
      if (states[sector] === "old") continue;
      const at = sector * SECTOR_BYTES;
      this.bytes.set(image.subarray(at, at + CONTENT_BYTES), sector * CONTENT_BYTES);
    }
    this.sectors = new SectorStates(this.from, states);
    this.strange = strangeStamps(view, this.sectors);
  }

  /** Where the content ends. */
  get end(): number {
    return this.from + this.bytes.length;
  }
}

/**
 * Where in the segment of `key` the content of the sector that got this stamp was meant to stand; -1: it is of no sector of that segment.
 *
 * @param contentBytes - of the segment.
 */
export function offsetMeant({ low, high }: StrangeStamp, key: SegmentKey, contentBytes: number): number {
  const place = low ^ key.segment;
  if (checkOf(place, key.segment) !== high) return -1;
  for (let sector = 0; sector * CONTENT_BYTES < contentBytes; sector++) {
    if (placeOf(key, sector) === place) return sector * CONTENT_BYTES;
  }
  return -1;
}

/**
 * The number, lower than that of `key`, of the segment that the sector that got this stamp was meant for; 0: it is of none of them.
 *
 * @param contentBytes - of each segment.
 */
export function numberMeant({ low, high }: StrangeStamp, key: SegmentKey, contentBytes: number): number {
  for (let sector = 0; sector * CONTENT_BYTES < contentBytes; sector++) {
    const place = placeOf(key, sector);
    const number = (low ^ place) >>> 0;
    if (number < key.segment && checkOf(place, number) === high) return number;
  }
  return 0;
}

function strangeStamps(view: DataView, sectors: SectorStates): readonly StrangeStamp[] {
  const stamps: StrangeStamp[] = [];
  for (let offset = sectors.from; offset < sectors.end; offset += CONTENT_BYTES) {
    if (sectors.at(offset) !== "strange") continue;
    const at = stampAt((offset - sectors.from) / CONTENT_BYTES);
    stamps.push({ offset, low: view.getUint32(at, true), high: view.getUint32(at + 4, true) });
  }
  return stamps;
}

/** Damaged stamps that resemble one that is to be expected: that of this segment, of none, or of another whose stamps are in it. With the numbers that they bore. */
function recognized(
  damaged: readonly number[],
  sectors: number,
  view: DataView,
  key: SegmentKey,
  sectorFirst: number,
): ReadonlyMap<number, number> {
  const known = new Map<number, number>();
  if (damaged.length === 0) return known;
  const expected = new Set([UNUSED, key.segment >>> 0]);
  for (let sector = 0; sector < sectors; sector++) {
    const number = stampedNumber(view, stampAt(sector), key, sectorFirst + sector);
    if (number !== null) expected.add(number);
  }
  for (const sector of damaged) {
    for (const number of expected) {
      if (resembles(view, stampAt(sector), key, number, sectorFirst + sector)) known.set(sector, number);
    }
  }
  return known;
}

function stampAt(sector: number): number {
  return sector * SECTOR_BYTES + CONTENT_BYTES;
}

/** Old is what bears a number that no segment has any more: what was written for another one that there is landed here by mistake. */
function stateOf(number: number, { segment }: SegmentKey, numberFirst: number): SectorState {
  if (number === segment >>> 0) return "written";
  return number < numberFirst ? "old" : "strange";
}

/** Writes the stamp of a sector at `at`. `segment`: the number of the segment that it is written for; `sector`: its own number in that. */
export function putStamp(view: DataView, at: number, key: SegmentKey, segment: number, sector: number): void {
  const place = placeOf(key, sector);
  view.setUint32(at, (place ^ segment) >>> 0, true);
  view.setUint32(at + 4, checkOf(place, segment), true);
}

/** The number of the segment that a sector was written for; `null` if its stamp is not whole. */
function stampedNumber(view: DataView, at: number, key: SegmentKey, sector: number): number | null {
  const place = placeOf(key, sector);
  const number = (view.getUint32(at, true) ^ place) >>> 0;
  return view.getUint32(at + 4, true) === checkOf(place, number) ? number : null;
}

function resembles(view: DataView, at: number, key: SegmentKey, segment: number, sector: number): boolean {
  const wanted = new Uint8Array(STAMP_BYTES);
  putStamp(new DataView(wanted.buffer), 0, key, segment, sector);
  let same = 0;
  for (let index = 0; index < STAMP_BYTES; index++) if (view.getUint8(at + index) === wanted[index]) same += 1;
  return same >= BYTES_KNOWN_BY;
}

function placeOf({ clusterLow, clusterHigh }: SegmentKey, sector: number): number {
  return mixed(Math.imul(sector ^ clusterLow, 0x9e3779b1) ^ Math.imul(clusterHigh, 0x85ebca77));
}

function checkOf(place: number, segment: number): number {
  return mixed(Math.imul(place, 0x9e3779b1) ^ Math.imul(segment | 0, 0xc2b2ae3d) ^ 0x243f6a88) >>> 0;
}

/** The finalizer of MurmurHash3 (A. Appleby). */
function mixed(word: number): number {
  let hash = word ^ (word >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
