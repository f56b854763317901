/**
 * Every 512-byte sector of a segment ends with a stamp that says for which segment it was written. So a file can be used again under a new number without being
 * filled first: what a sector holds from before bears a lower number. A tear leaves the end of a sector as it was, so a sector that did not arrive whole has the old stamp, too.
 *
 * Offsets in the log count *content*: what sectors hold before their stamps, one after the other.
 */
import { SECTOR_BYTES } from "../disk/sector.ts";
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
  const sectors = content.length / CONTENT_BYTES;
  const bytes = new Uint8Array(sectors * SECTOR_BYTES);
  const view = new DataView(bytes.buffer);
  for (let sector = 0; sector < sectors; sector++) {
    const from = sector * CONTENT_BYTES;
    bytes.set(content.subarray(from, from + CONTENT_BYTES), sector * SECTOR_BYTES);
    putStamp(view, stampAt(sector), key, key.segment, offset / CONTENT_BYTES + sector);
  }
  return bytes;
}

/** Sectors that were never written, as bytes of the file: zeros, and the stamp of no segment. `sectorFirst`: number of the first. */
export function unusedSectors(key: SegmentKey, sectorFirst: number, sectors: number): Uint8Array {
  const bytes = new Uint8Array(sectors * SECTOR_BYTES);
  const view = new DataView(bytes.buffer);
  for (let sector = 0; sector < sectors; sector++) {
    putStamp(view, stampAt(sector), key, UNUSED, sectorFirst + sector);
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
  readonly #states: SectorState[] = [];

  /** @param image - bytes of the file, whole sectors of it, the first of which is number `sectorFirst`; they are copied. */
  constructor(image: Uint8Array, key: SegmentKey, sectorFirst: number = 0) {
    const sectors = Math.floor(image.length / SECTOR_BYTES);
    const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
    const damaged: number[] = [];
    for (let sector = 0; sector < sectors; sector++) {
      const number = stampedNumber(view, stampAt(sector), key, sectorFirst + sector);
      if (number === null) damaged.push(sector);
      this.#states.push(number === null ? "strange" : stateOf(number, key));
    }
    if (damaged.length > 0) this.#recognize(damaged, view, key, sectorFirst, sectors);
    this.key = key;
    this.from = sectorFirst * CONTENT_BYTES;
    this.bytes = new Uint8Array(sectors * CONTENT_BYTES);
    this.stampsDamaged = damaged.map((sector) => sectorFirst + sector);
    for (let sector = 0; sector < sectors; sector++) {
      if (this.#states[sector] === "old") continue;
      const at = sector * SECTOR_BYTES;
      this.bytes.set(image.subarray(at, at + CONTENT_BYTES), sector * CONTENT_BYTES);
    }
  }

  /** Where the content ends. */
  get end(): number {
    return this.from + this.bytes.length;
  }

  /** Of the sector whose content begins at `offset`. */
  stateAt(offset: number): SectorState {
    return this.#states[(offset - this.from) / CONTENT_BYTES] ?? "old";
  }

  /** Damaged stamps that resemble one that is to be expected: that of this segment, of none, or of another whose stamps are in it. */
  #recognize(damaged: readonly number[], view: DataView, key: SegmentKey, sectorFirst: number, sectors: number): void {
    const expected = new Set([UNUSED, key.segment >>> 0]);
    for (let sector = 0; sector < sectors; sector++) {
      const number = stampedNumber(view, stampAt(sector), key, sectorFirst + sector);
      if (number !== null) expected.add(number);
    }
    for (const sector of damaged) {
      for (const number of expected) {
        if (!resembles(view, stampAt(sector), key, number, sectorFirst + sector)) continue;
        this.#states[sector] = stateOf(number, key);
      }
    }
  }
}

function stampAt(sector: number): number {
  return sector * SECTOR_BYTES + CONTENT_BYTES;
}

/** Old is what bears a lower number: what was written for a later segment landed here by mistake. */
function stateOf(number: number, { segment }: SegmentKey): SectorState {
  if (number === segment >>> 0) return "written";
  return number < segment ? "old" : "strange";
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
