import { type Clock, crc32c, type QuorateError } from "@quorate/machine";
import { SECTOR_BYTES } from "../disk/sector.ts";
import {
  alignUp,
  CHAIN_END_BYTES,
  DIRECTORY_END_BYTES,
  DIRECTORY_LINE_BYTES,
  placeChecksum,
  putSeal,
  putUnitHeader,
  putWhole,
  UNIT_HEADER_BYTES,
  viewOf,
} from "./format.ts";
import type { WalLimits } from "./limits.ts";
import { putRecord, recordBytesOf, type Restated, type StoredRecord, subjectOf, typeOf } from "./record-codec.ts";
import { CONTENT_BYTES, contentStart, fileOffset, stampSectors } from "./sector-stamp.ts";
import { FIRST_UNIT_OFFSET, type Segment, type SegmentSupply } from "./segment.ts";
import type { IndexedEntry } from "./slot-index.ts";

/** A group's side of group commit. */
export interface Committer {
  readonly group: number;
  /** A record is durable at `offset` of `segment`. */
  committed(waiting: WaitingRecord, segment: number, offset: number): void;
  /** The group waits for space: everything that it appends waits behind. */
  heldBack: boolean;
}

/** One record on its way to the disk. */
export interface WaitingRecord {
  readonly part: Committer;
  /** `null`: nothing to write, only somebody to tell. */
  readonly record: StoredRecord | null;
  readonly payload: Uint8Array;
  /** XXH32 of the payload: computed when it is appended, while the disk is busy with the unit before. */
  readonly payloadChecksum: number;
  /** Of its group, when it was appended. */
  readonly restated: Restated;
  /** The segment that it is appended anew from; 0: a new record. */
  readonly movedFrom: number;
  /** Of a vote: its line in the index. */
  readonly indexed: IndexedEntry | null;
  /** Makes space, so it never waits for any. */
  readonly makesSpace: boolean;
  /** Told when this record and all before it are durable; `null`: nobody. */
  readonly durable: ((unit: number) => void) | null;
}

/** How group commit is set up. */
export interface GroupCommitOptions {
  readonly clock: Clock;
  readonly limits: WalLimits;
  readonly supply: SegmentSupply;
  /** Memory to write from. */
  readonly buffer: (bytes: number) => Uint8Array;
  readonly current: Segment;
  /** Where the next unit goes in `current`. */
  readonly position: number;
  /** Number of the last unit. */
  readonly unit: number;
  /** Number of the oldest segment that is still needed. */
  readonly oldest: () => number;
  /** The log goes on in another segment. */
  readonly rolled: (segment: Segment) => void;
  readonly failed: (error: QuorateError) => void;
}

/** Of the buffer at first; it grows with the units. */
const BUFFER_BYTES = 64 * 1024;

const UNIT_FRAME_BYTES = UNIT_HEADER_BYTES + CHAIN_END_BYTES + DIRECTORY_END_BYTES;

/**
 * Everything that waits, over all groups, becomes one write unit: one write that ends when it is synced, and then those are told who were in it when
 * the write began, never those who came meanwhile. One unit at a time: the next is begun only when the last is synced, which is
 * what makes a later unit the proof of an earlier one (torn-or-corrupt.ts).
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #buffer: Uint8Array;
  #current: Segment;
  #position: number;
  #unit: number;
  #waiting: WaitingRecord[] = [];
  /** What waits for space, in order. */
  #held: WaitingRecord[] = [];
  #writing = false;
  #scheduled = false;
  #closed = false;
  #lastIsSeal = false;
  /** When the last sync ended. */
  #syncedMs = 0;
  #sealScheduled = false;
  #cancelSeal: () => void = () => undefined;
  #idle: (() => void) | null = null;
  #announcing: (() => void)[] = [];

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#buffer = options.buffer(BUFFER_BYTES);
    this.#current = options.current;
    this.#position = options.position;
    this.#unit = options.unit;
  }

  /** Number of the last synced unit. */
  get unit(): number {
    return this.#unit;
  }

  /** Where the next unit goes in {@link current}: offset of its content. */
  get position(): number {
    return this.#position;
  }

  get current(): Segment {
    return this.#current;
  }

  /** Leaves at the end of this turn, or with the next unit if one is under way. */
  append(records: readonly WaitingRecord[]): void {
    if (this.#closed) return;
    for (const waiting of records) {
      if (this.#held.length > 0 && mustHold(waiting)) this.#hold(waiting);
      else this.#waiting.push(waiting);
    }
    this.#schedule();
  }

  /** A segment was made, or could not be: what waits for one goes on. */
  supplied(): void {
    if (!this.#options.supply.full && this.#held.length > 0) {
      for (const waiting of this.#held) waiting.part.heldBack = false;
      this.#waiting.push(...this.#held);
      this.#held = [];
    }
    this.#schedule();
  }

  /** Runs `told` when a unit is durable that was begun after this call: it names the oldest segment still needed as of now. */
  announce(told: () => void): void {
    if (this.#closed) return;
    this.#announcing.push(told);
    this.#schedule();
  }

  /** Writes what waits, then a seal, then runs `idle`. What waits for space is left. */
  finish(idle: () => void): void {
    this.#idle = idle;
    this.#schedule();
  }

  /** Nothing is written any more and nobody is told anything. */
  close(): void {
    this.#closed = true;
    this.#cancelSeal();
    this.#waiting = [];
    this.#held = [];
  }

  #schedule(): void {
    if (this.#writing || this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    this.#options.clock.endOfTurn(() => {
      this.#scheduled = false;
      this.#start();
    });
  }

  #start(): void {
    if (this.#writing || this.#closed) return;
    if (this.#waiting.length === 0) {
      if (this.#announcing.length > 0) this.#seal(() => this.#start());
      else if (this.#idle !== null) this.#finishIdle();
      else this.#scheduleSeal();
      return;
    }
    const count = this.#fitting();
    if (count > 0) this.#write(this.#waiting.splice(0, count));
    else if (this.#roll()) this.#start();
    else if (this.#idle !== null && this.#options.supply.full) this.#finishIdle();
  }

  /** How many of the waiting records fit in the next unit. */
  #fitting(): number {
    const room = Math.min(
      this.#current.contentBytes - this.#position,
      alignUp(this.#options.limits.unitBytesMax, CONTENT_BYTES),
    );
    let bytes = UNIT_FRAME_BYTES;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (waiting.record !== null) bytes += recordBytesOf(waiting.payload.length) + DIRECTORY_LINE_BYTES;
      if (bytes > room) break;
      count++;
    }
    return count;
  }

  /** Goes on in the next segment. Where there is none for lack of space, what is not urgent is held back, and the rest has the reserve. */
  #roll(): boolean {
    const { supply } = this.#options;
    let next = supply.take(false);
    if (next === null && supply.full) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const record of waiting) {
        if (mustHold(record)) this.#hold(record);
        else this.#waiting.push(record);
      }
      if (this.#waiting.length === 0) return false;
      if (this.#fitting() > 0) return true;
      next = supply.take(true);
    }
    if (next === null) return false;
    this.#current = next;
    this.#position = FIRST_UNIT_OFFSET;
    this.#options.rolled(next);
    return true;
  }

  #hold(waiting: WaitingRecord): void {
    waiting.part.heldBack = true;
    this.#held.push(waiting);
  }

  #write(records: readonly WaitingRecord[]): void {
    const written = records.filter((waiting) => waiting.record !== null);
    if (written.length === 0) {
      for (const waiting of records) waiting.durable?.(this.#unit);
      this.#schedule();
      return;
    }
    const { sectors, offsets } = this.#encode(written);
    const segment = this.#current;
    this.#sync(sectors, () => {
      written.forEach((waiting, index) => {
        waiting.part.committed(waiting, segment.number, offsets[index]!);
      });
      const unit = this.#unit;
      this.#start();
      for (const waiting of records) waiting.durable?.(unit);
    });
  }

  /** Lays the unit out in the buffer. */
  #encode(written: readonly WaitingRecord[]): { readonly sectors: number; readonly offsets: readonly number[] } {
    const key = this.#current.key;
    let bytes = UNIT_FRAME_BYTES + written.length * DIRECTORY_LINE_BYTES;
    for (const waiting of written) bytes += recordBytesOf(waiting.payload.length);
    const sectors = Math.ceil(bytes / CONTENT_BYTES);
    const buffer = this.#room(sectors);
    const view = viewOf(buffer);
    const offsets: number[] = [];
    const start = contentStart(sectors);
    const end = start + sectors * CONTENT_BYTES;
    let at = start + UNIT_HEADER_BYTES;
    for (const { part, record, payload, payloadChecksum, movedFrom, restated } of written) {
      const offset = this.#position + at - start;
      offsets.push(offset);
      putRecord(buffer, at, key, offset, part.group, record!, payload, payloadChecksum, movedFrom > 0, restated);
      at += recordBytesOf(payload.length);
    }
    buffer.fill(0, at, at + CHAIN_END_BYTES);
    const directory = at + CHAIN_END_BYTES;
    at = directory;
    written.forEach(({ part, record }, index) => {
      view.setUint32(at, offsets[index]!, true);
      view.setUint32(at + 4, typeOf(record!), true);
      view.setUint32(at + 8, part.group, true);
      view.setUint32(at + 12, 0, true);
      putWhole(view, at + 16, subjectOf(record!));
      at += DIRECTORY_LINE_BYTES;
    });
    view.setUint32(at, 0, true);
    view.setUint32(at + 4, crc32c(buffer, placeChecksum(key, this.#position), directory, at + 4), true);
    buffer.fill(0, at + DIRECTORY_END_BYTES, end);
    const oldest = this.#options.oldest();
    const header = { unit: this.#unit + 1, bytes, records: written.length, seal: false, oldest };
    putUnitHeader(buffer, start, key, this.#position, header);
    this.#lastIsSeal = false;
    return { sectors, offsets };
  }

  #room(sectors: number): Uint8Array {
    const bytes = sectors * SECTOR_BYTES;
    if (this.#buffer.length < bytes) this.#buffer = this.#options.buffer(Math.max(bytes, this.#buffer.length * 2));
    return this.#buffer;
  }

  /** Writes the unit whose content stands in the buffer, and syncs it. The first error is the last thing that this log does. */
  #sync(sectors: number, synced: () => void): void {
    this.#writing = true;
    const { file, key } = this.#current;
    stampSectors(this.#buffer, sectors, key, this.#position / CONTENT_BYTES);
    const bytes = this.#buffer.subarray(0, sectors * SECTOR_BYTES);
    const announced = this.#announcing;
    this.#announcing = [];
    file.writeThrough(fileOffset(this.#position), bytes, (error) => {
      if (this.#closed) return;
      if (error !== null) return this.#options.failed(error);
      this.#writing = false;
      this.#position += sectors * CONTENT_BYTES;
      this.#unit += 1;
      this.#syncedMs = this.#options.clock.nowMs();
      synced();
      for (const told of announced) told();
    });
  }

  #scheduleSeal(): void {
    if (this.#sealScheduled || this.#lastIsSeal || this.#unit === 0) return;
    const { clock, limits } = this.#options;
    this.#sealScheduled = true;
    this.#cancelSeal = clock.after(Math.max(0, this.#syncedMs + limits.sealMs - clock.nowMs()), () => {
      this.#sealScheduled = false;
      if (this.#closed || this.#writing || this.#waiting.length > 0) return;
      if (clock.nowMs() >= this.#syncedMs + limits.sealMs) this.#seal(() => this.#start());
      else this.#scheduleSeal();
    });
  }

  /** Proves that the last unit was synced. Without room for it, the next segment's first unit will. */
  #seal(sealed: () => void): void {
    if (this.#position + CONTENT_BYTES > this.#current.contentBytes) {
      const next = this.#options.supply.take(this.#announcing.length > 0);
      if (next === null) {
        if (this.#announcing.length > 0) return;
        this.#lastIsSeal = true;
        return sealed();
      }
      this.#current = next;
      this.#position = FIRST_UNIT_OFFSET;
      this.#options.rolled(next);
    }
    this.#lastIsSeal = true;
    putSeal(this.#room(1), contentStart(1), this.#current.key, this.#position, this.#unit + 1, this.#options.oldest());
    this.#sync(1, sealed);
  }

  #finishIdle(): void {
    const idle = this.#idle!;
    this.#cancelSeal();
    if (this.#lastIsSeal || this.#unit === 0) {
      this.#idle = null;
      idle();
      return;
    }
    this.#seal(() => this.#start());
  }
}

/** Batches wait for space, and whatever their group appends after them; ballots, checkpoints and moved records have the reserve. */
function mustHold(waiting: WaitingRecord): boolean {
  if (waiting.makesSpace) return false;
  return waiting.part.heldBack || waiting.record?.kind === "accepted";
}
