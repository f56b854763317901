import { crc32c } from "@quorate/machine";
import { SECTOR_BYTES } from "../disk/sector.ts";
import {
  alignUp,
  CHAIN_END_BYTES,
  dataViewOf,
  DIRECTORY_END_BYTES,
  DIRECTORY_LINE_BYTES,
  placeChecksum,
  putSeal,
  putUnitHeader,
  putWhole,
  RECORD_HEADER_BYTES,
  type SegmentKey,
  segmentKey,
  UNIT_HEADER_BYTES,
} from "./format.ts";
import { putRecordHeader, type RecordToWrite, recordBytesOf } from "./record-codec.ts";
import { CONTENT_BYTES, putStamp, STAMP_BYTES } from "./sector-stamp.ts";

/** Of the buffer at first; it grows with the units. */
const BUFFER_BYTES = 64 * 1024;

/** What a unit takes beside its records and their lines in the directory. */
const FRAME_BYTES = UNIT_HEADER_BYTES + CHAIN_END_BYTES + DIRECTORY_END_BYTES;

/** One write unit in bytes, laid out record by record as they come, so that little is left to do when its turn to be written comes. */
export class UnitBuffer {
  readonly #allocate: (bytes: number) => Uint8Array;
  #buffer: Uint8Array = new Uint8Array(0);
  #view: DataView = dataViewOf(this.#buffer);
  readonly #recordHeader: Uint8Array = new Uint8Array(RECORD_HEADER_BYTES);
  readonly #recordHeaderView: DataView = dataViewOf(this.#recordHeader);
  /** Of the segment that the unit is for. */
  #key: SegmentKey = segmentKey("", 0);
  /** Where the unit begins: offset of its content, which is the beginning of a sector. */
  #from = 0;
  /** Content that the unit may take. */
  #room = 0;
  /** Content so far, the header included. */
  #length = 0;
  #directory: Uint8Array = new Uint8Array(64 * DIRECTORY_LINE_BYTES);
  #directoryView: DataView = dataViewOf(this.#directory);
  #records = 0;

  /** @param allocate - memory to write from, at least so many bytes. */
  constructor(allocate: (bytes: number) => Uint8Array) {
    this.#allocate = allocate;
  }

  /** Begins a unit without records. */
  begin(key: SegmentKey, from: number, room: number): void {
    this.#key = key;
    this.#from = from;
    this.#room = room;
    this.#records = 0;
    this.#length = 0;
    this.#putZeros(UNIT_HEADER_BYTES);
  }

  /** Adds a record; the offset where it begins, or -1 if there is no room for it. */
  add(record: RecordToWrite): number {
    const { payload } = record;
    const bytes = recordBytesOf(payload.length);
    const directoryBytes = (this.#records + 1) * DIRECTORY_LINE_BYTES;
    if (this.#length - UNIT_HEADER_BYTES + bytes + directoryBytes + FRAME_BYTES > this.#room) return -1;
    const offset = this.#from + this.#length;
    putRecordHeader(this.#recordHeader, this.#recordHeaderView, this.#key, offset, record);
    this.#put(this.#recordHeader);
    if (payload.length > 0) this.#put(payload);
    this.#putZeros(bytes - RECORD_HEADER_BYTES - payload.length);
    this.#addLine(record, offset);
    return offset;
  }

  /** Ends the unit; what is to be written, at the place where it begins. Valid until the next unit is begun. */
  finish(unit: number, oldest: number): Uint8Array {
    const lines = this.#records * DIRECTORY_LINE_BYTES;
    const directory = this.#directory;
    const view = this.#directoryView;
    view.setUint32(lines, 0, true);
    view.setUint32(lines + 4, crc32c(directory, placeChecksum(this.#key, this.#from), 0, lines + 4), true);
    this.#putZeros(CHAIN_END_BYTES);
    this.#put(directory.subarray(0, lines + DIRECTORY_END_BYTES));
    const header = { unit, bytes: this.#length, records: this.#records, seal: false, oldest };
    putUnitHeader(this.#buffer, 0, this.#key, this.#from, header);
    return this.#end();
  }

  /** A seal in place of a unit with records. */
  seal(key: SegmentKey, from: number, unit: number, oldest: number): Uint8Array {
    this.begin(key, from, CONTENT_BYTES);
    putSeal(this.#buffer, 0, key, from, unit, oldest);
    this.#length = CONTENT_BYTES;
    this.#stamp(0);
    return this.#end();
  }

  /** Fills the last sector. */
  #end(): Uint8Array {
    const content = alignUp(this.#length, CONTENT_BYTES);
    this.#putZeros(content - this.#length);
    return this.#buffer.subarray(0, (content / CONTENT_BYTES) * SECTOR_BYTES);
  }

  #addLine({ group, type, subject }: RecordToWrite, offset: number): void {
    const at = this.#records * DIRECTORY_LINE_BYTES;
    if (this.#directory.length < at + DIRECTORY_LINE_BYTES + DIRECTORY_END_BYTES) {
      const larger = new Uint8Array(this.#directory.length * 2);
      larger.set(this.#directory);
      this.#directory = larger;
      this.#directoryView = dataViewOf(larger);
    }
    const view = this.#directoryView;
    view.setUint32(at, offset, true);
    view.setUint32(at + 4, type, true);
    view.setUint32(at + 8, group, true);
    view.setUint32(at + 12, 0, true);
    putWhole(view, at + 16, subject);
    this.#records += 1;
  }

  /**
   * Appends `bytes` to the content, around the stamps: all of it goes to where its end belongs, and then the sectors before that move down, which is
   * quicker than a copy of each from outside.
   */
  #put(bytes: Uint8Array): void {
    const { length } = bytes;
    let sector = Math.floor(this.#length / CONTENT_BYTES);
    let at = sector * SECTOR_BYTES + (this.#length - sector * CONTENT_BYTES);
    this.#length += length;
    const stamps = Math.floor(this.#length / CONTENT_BYTES) - sector;
    this.#grow((sector + stamps + 1) * SECTOR_BYTES);
    const buffer = this.#buffer;
    let from = at + stamps * STAMP_BYTES;
    buffer.set(bytes, from);
    for (let left = stamps; left > 0; left--) {
      const count = sector * SECTOR_BYTES + CONTENT_BYTES - at;
      buffer.copyWithin(at, from, from + count);
      this.#stamp(sector);
      from += count;
      sector += 1;
      at = sector * SECTOR_BYTES;
    }
  }

  /** Appends at most a sector of zeros. */
  #putZeros(count: number): void {
    if (count === 0) return;
    const sector = Math.floor(this.#length / CONTENT_BYTES);
    const at = sector * SECTOR_BYTES + (this.#length - sector * CONTENT_BYTES);
    const left = sector * SECTOR_BYTES + CONTENT_BYTES - at;
    this.#length += count;
    this.#grow((sector + 2) * SECTOR_BYTES);
    const buffer = this.#buffer;
    if (count < left) return void buffer.fill(0, at, at + count);
    buffer.fill(0, at, at + left);
    this.#stamp(sector);
    buffer.fill(0, at + left + STAMP_BYTES, at + count + STAMP_BYTES);
  }

  #stamp(sector: number): void {
    const number = this.#from / CONTENT_BYTES + sector;
    putStamp(this.#view, sector * SECTOR_BYTES + CONTENT_BYTES, this.#key, this.#key.segment, number);
  }

  #grow(bytes: number): void {
    if (this.#buffer.length >= bytes) return;
    const larger = this.#allocate(Math.max(bytes, BUFFER_BYTES, this.#buffer.length * 2));
    larger.set(this.#buffer);
    this.#buffer = larger;
    this.#view = dataViewOf(larger);
  }
}
