import type { Entry } from "@quorate/paxos";
import type { Done } from "../disk/disk.ts";
import { logCorrupt } from "../errors.ts";
import { RECORD_HEADER_BYTES, segmentPath } from "./format.ts";
import { getRecord, recordBytesOf } from "./record-codec.ts";
import { fileOffset } from "./sector-stamp.ts";
import { readContent, type Segment } from "./segment.ts";
import type { IndexedEntry } from "./slot-index.ts";

/** Records closer than this to each other are read in one go, bytes. */
const GAP_BYTES_MAX = 64 * 1024;

/** Bytes of one read. */
const READ_BYTES_MAX = 1024 * 1024;

/** The segments in use, oldest first; reads entries out of them. */
export class OpenSegments {
  readonly #segments = new Map<number, Segment>();
  readonly #readers = new Map<number, number>();
  readonly #leaving = new Map<number, () => void>();

  constructor(segments: readonly Segment[]) {
    for (const segment of segments) this.#segments.set(segment.number, segment);
  }

  add(segment: Segment): void {
    this.#segments.set(segment.number, segment);
  }

  get count(): number {
    return this.#segments.size;
  }

  /** Number of the oldest; 0: none. */
  get oldest(): number {
    for (const number of this.#segments.keys()) return number;
    return 0;
  }

  get bytes(): number {
    let bytes = 0;
    for (const segment of this.#segments.values()) bytes += segment.bytes;
    return bytes;
  }

  values(): Iterable<Segment> {
    return this.#segments.values();
  }

  /** Takes a segment out; `gone` runs when nobody reads it any more, and its file is closed. */
  remove(number: number, gone: (segment: Segment) => void): void {
    const segment = this.#segments.get(number);
    if (segment === undefined) return;
    this.#segments.delete(number);
    const close = (): void => {
      segment.file.close(() => {
        gone(segment);
      });
    };
    if ((this.#readers.get(number) ?? 0) === 0) close();
    else this.#leaving.set(number, close);
  }

  /** The entries, in the order given; ends early where a segment has gone meanwhile, or one is damaged. `LOG_CORRUPT` if that is the first. */
  read(wanted: readonly IndexedEntry[], done: Done<readonly Entry[]>): void {
    const entries: (Entry | null)[] = wanted.map((indexed) => indexed.entry);
    const next = (from: number): void => {
      let first = from;
      while (first < wanted.length && entries[first] !== null) first++;
      if (first === wanted.length) return done(null, entries as Entry[]);
      const { segment: number, offset } = wanted[first]!;
      const segment = this.#segments.get(number);
      if (segment === undefined) return done(null, entries.slice(0, first) as Entry[]);
      const last = this.#spanEnd(wanted, entries, first);
      const end = wanted[last]!.offset + recordBytesOf(wanted[last]!.payloadBytes);
      this.#readers.set(number, (this.#readers.get(number) ?? 0) + 1);
      readContent(segment, offset, end, (error, found) => {
        this.#leave(number);
        if (error !== null) return done(error, []);
        for (let index = first; index <= last; index++) {
          const place = wanted[index]!;
          const at = getRecord(found.bytes, segment.key, place.offset, place.offset - found.from);
          if (at.state !== "whole" || at.found.record.kind !== "accepted") {
            const why = `the record of slot ${place.slot} (${RECORD_HEADER_BYTES} + ${place.payloadBytes} bytes) is damaged`;
            if (index > 0) return done(null, entries.slice(0, index) as Entry[]);
            return done(logCorrupt(segmentPath(number), fileOffset(place.offset), why), []);
          }
          entries[index] = at.found.record.entry;
        }
        next(last + 1);
      });
    };
    next(0);
  }

  /** Index of the last entry that is read in one go with `first`. */
  #spanEnd(wanted: readonly IndexedEntry[], entries: readonly (Entry | null)[], first: number): number {
    const start = wanted[first]!;
    let last = first;
    let end = start.offset + recordBytesOf(start.payloadBytes);
    for (let index = first + 1; index < wanted.length && entries[index] === null; index++) {
      const place = wanted[index]!;
      const placeEnd = place.offset + recordBytesOf(place.payloadBytes);
      if (place.segment !== start.segment || place.offset < end || place.offset > end + GAP_BYTES_MAX) break;
      if (placeEnd - start.offset > READ_BYTES_MAX) break;
      last = index;
      end = placeEnd;
    }
    return last;
  }

  #leave(number: number): void {
    const readers = this.#readers.get(number)! - 1;
    if (readers > 0) {
      this.#readers.set(number, readers);
      return;
    }
    this.#readers.delete(number);
    this.#leaving.get(number)?.();
    this.#leaving.delete(number);
  }
}
