import { type Clock, type QuorateError } from "@quorate/machine";
import { alignUp } from "./format.ts";
import type { WalLimits } from "./limits.ts";
import type { RecordToWrite, StoredRecord } from "./record-codec.ts";
import { CONTENT_BYTES, contentBytesOf, fileOffset } from "./sector-stamp.ts";
import { FIRST_UNIT_OFFSET, type Segment, type SegmentSupply } from "./segment.ts";
import type { IndexedEntry } from "./slot-index.ts";
import { UnitBuffer } from "./unit-buffer.ts";

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
  /** Of the record, what is written. */
  readonly toWrite: RecordToWrite | null;
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

/**
 * Everything that waits, over all groups, becomes one write unit: one write that ends when it is synced, and then those are told who were in it when
 * the write began, never those who came meanwhile. One unit at a time: the next is begun only when the last is synced, which is
 * what makes a later unit the proof of an earlier one (torn-or-corrupt.ts). It is laid out while the last one is under way.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  /** The next unit, as far as it is laid out. */
  #next: UnitBuffer;
  /** The unit that is under way; then, to be used again. */
  #underWay: UnitBuffer;
  #current: Segment;
  #position: number;
  #unit: number;
  #waiting: WaitingRecord[] = [];
  /** Of those that wait: where the first of them stand in the next unit; 0 where there is nothing to write. */
  #offsets: number[] = [];
  /** No further record fits in the next unit. */
  #nextIsFull = false;
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
    this.#next = new UnitBuffer(options.buffer);
    this.#underWay = new UnitBuffer(options.buffer);
    this.#current = options.current;
    this.#position = options.position;
    this.#unit = options.unit;
    this.#begin(options.position);
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
    if (this.#writing) this.#layOut();
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
    this.#options.clock.endOfTurn(this.#turnEnded);
  }

  readonly #turnEnded = (): void => {
    this.#scheduled = false;
    this.#start();
  };

  #start(): void {
    if (this.#writing || this.#closed) return;
    if (this.#waiting.length === 0) {
      if (this.#announcing.length > 0) this.#seal(() => this.#start());
      else if (this.#idle !== null) this.#finishIdle();
      else this.#scheduleSeal();
      return;
    }
    this.#layOut();
    const count = this.#offsets.length;
    if (count > 0) this.#write(this.#take(count), this.#offsets);
    else if (this.#roll()) this.#start();
    else if (this.#idle !== null && this.#options.supply.full) this.#finishIdle();
  }

  /** The first `count` of those that wait; mostly they are all. */
  #take(count: number): readonly WaitingRecord[] {
    if (count < this.#waiting.length) return this.#waiting.splice(0, count);
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** A new unit, behind the last. */
  #begin(position: number): void {
    const room = Math.min(
      this.#current.contentBytes - position,
      alignUp(this.#options.limits.unitBytesMax, CONTENT_BYTES),
    );
    this.#next.begin(this.#current.key, position, room);
    this.#offsets = [];
    this.#nextIsFull = false;
  }

  /** Adds to the next unit what waits, in order, as far as it fits. */
  #layOut(): void {
    while (!this.#nextIsFull && this.#offsets.length < this.#waiting.length) {
      const { toWrite } = this.#waiting[this.#offsets.length]!;
      const offset = toWrite === null ? 0 : this.#next.add(toWrite);
      if (offset < 0) this.#nextIsFull = true;
      else this.#offsets.push(offset);
    }
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
      this.#nextIsFull = false;
      this.#layOut();
      if (this.#offsets.length > 0) return true;
      next = supply.take(true);
    }
    if (next === null) return false;
    this.#goOnIn(next);
    return true;
  }

  #goOnIn(segment: Segment): void {
    this.#current = segment;
    this.#position = FIRST_UNIT_OFFSET;
    this.#begin(this.#position);
    this.#options.rolled(segment);
  }

  #hold(waiting: WaitingRecord): void {
    waiting.part.heldBack = true;
    this.#held.push(waiting);
  }

  #write(records: readonly WaitingRecord[], offsets: readonly number[]): void {
    if (records.every(({ record }) => record === null)) {
      this.#begin(this.#position);
      for (const waiting of records) waiting.durable?.(this.#unit);
      this.#schedule();
      return;
    }
    const segment = this.#current;
    this.#lastIsSeal = false;
    this.#sync(this.#next.finish(this.#unit + 1, this.#options.oldest()), () => {
      for (let index = 0; index < records.length; index++) {
        const waiting = records[index]!;
        if (waiting.record !== null) waiting.part.committed(waiting, segment.number, offsets[index]!);
      }
      const unit = this.#unit;
      this.#start();
      for (const waiting of records) waiting.durable?.(unit);
    });
  }

  /** Writes the next unit, and syncs it. The first error is the last thing that this log does. */
  #sync(bytes: Uint8Array, synced: () => void): void {
    this.#writing = true;
    const position = this.#position + contentBytesOf(bytes.length);
    const announced = this.#announcing;
    this.#announcing = [];
    this.#current.file.writeThrough(fileOffset(this.#position), bytes, (error) => {
      if (this.#closed) return;
      if (error !== null) return this.#options.failed(error);
      this.#writing = false;
      this.#position = position;
      this.#unit += 1;
      this.#syncedMs = this.#options.clock.nowMs();
      synced();
      for (const told of announced) told();
    });
    const free = this.#underWay;
    this.#underWay = this.#next;
    this.#next = free;
    this.#begin(position);
    this.#layOut();
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
      this.#goOnIn(next);
    }
    this.#lastIsSeal = true;
    const { key } = this.#current;
    this.#sync(this.#next.seal(key, this.#position, this.#unit + 1, this.#options.oldest()), sealed);
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
