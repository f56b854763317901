import type { Clock, QuorateError } from "@quorate/machine";
import type { Disk, DiskFile, Done } from "../disk/disk.ts";
import { SECTOR_BYTES } from "../disk/sector.ts";
import { putSegmentHeader, type SegmentKey, segmentKey, segmentPath } from "./format.ts";
import type { WalLimits } from "./limits.ts";
import { CONTENT_BYTES, contentBytesOf, SegmentContent, stamped, unusedSectors } from "./sector-stamp.ts";

/** One file of the log. */
export interface Segment {
  readonly number: number;
  readonly key: SegmentKey;
  readonly file: DiskFile;
  /** Of the file. */
  readonly bytes: number;
  /** Of all its sectors. */
  readonly contentBytes: number;
}

/** A segment whose file is open. */
export function segmentOf(cluster: string, number: number, file: DiskFile): Segment {
  const { bytes } = file;
  return { number, key: segmentKey(cluster, number), file, bytes, contentBytes: contentBytesOf(bytes) };
}

/** Reads the sectors that hold the content from `from` to `end`. `numberFirst`: the lowest number of a segment of this log, where that is to be heeded. */
export function readContent(
  { file, key }: Segment,
  from: number,
  end: number,
  done: Done<SegmentContent>,
  numberFirst: number = key.segment,
): void {
  const sectorFirst = Math.floor(from / CONTENT_BYTES);
  const sectors = Math.ceil(end / CONTENT_BYTES) - sectorFirst;
  file.read(sectorFirst * SECTOR_BYTES, sectors * SECTOR_BYTES, (error, image) => {
    if (error === null) done(null, new SegmentContent(image, key, sectorFirst, numberFirst));
    else done(error, undefined as unknown as SegmentContent);
  });
}

/** The first sector of a segment, as bytes of its file. */
export function headerSector(key: SegmentKey, segmentBytes: number): Uint8Array {
  const content = new Uint8Array(CONTENT_BYTES);
  putSegmentHeader(content, key, segmentBytes);
  return stamped(content, key, 0);
}

/** Where the first unit of a segment stands: after the file header. */
export const FIRST_UNIT_OFFSET: number = CONTENT_BYTES;

/** A file that is being made has this at the end of its name; under its own name a segment is whole. */
export const UNFINISHED = ".new";

/** Segments kept ahead of need: the next one, and one in reserve for ballots and checkpoints. */
const AHEAD = 2;

/** How the supply is set up. */
export interface SegmentSupplyOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly cluster: string;
  readonly limits: WalLimits;
  /** Segments made earlier and not yet used, ascending. */
  readonly spares: readonly Segment[];
  /** Number of the last segment that exists. */
  readonly numberLast: number;
  /** A segment was made. */
  readonly ready: () => void;
  /** Making one failed for another reason than space. */
  readonly failed: (error: QuorateError) => void;
}

/**
 * Makes segments one ahead of need, and one more in reserve. Only here can there be no space: then it tries again, and everybody
 * else goes on.
 */
export class SegmentSupply {
  readonly #options: SegmentSupplyOptions;
  readonly #spares: Segment[];
  #numberLast: number;
  /** A segment that is no longer needed, until it is used again or removed. */
  #worn: { readonly segment: Segment; readonly done: Done } | null = null;
  #making = false;
  #full = false;
  #closed = false;
  #abandoned = false;
  #cancelRetry: () => void = () => undefined;
  #idle: () => void = () => undefined;

  constructor(options: SegmentSupplyOptions) {
    this.#options = options;
    this.#spares = [...options.spares];
    this.#numberLast = options.numberLast;
  }

  /** The last attempt to make a segment found no space. */
  get full(): boolean {
    return this.#full;
  }

  /** Segments made and not yet taken. */
  get spares(): readonly Segment[] {
    return this.#spares;
  }

  /** The next segment; `null` if there is none, or, unless `reserve`, if only the reserve is left. */
  take(reserve: boolean): Segment | null {
    if (this.#spares.length < (reserve ? 1 : AHEAD)) {
      this.make();
      return null;
    }
    const segment = this.#spares.shift()!;
    this.make();
    return segment;
  }

  /** A segment that is no longer needed and whose file is closed, one at a time: it is used again, or removed. `done`: it is durably gone from its place. */
  letGo(segment: Segment, done: Done): void {
    this.#worn = { segment, done };
    this.make();
  }

  /** Makes what is missing; at once, also while waiting for another try. */
  make(): void {
    if (this.#making || this.#closed) return;
    const { disk, cluster, limits } = this.#options;
    const number = this.#numberLast + 1;
    if (this.#worn !== null) {
      const { segment, done } = this.#worn;
      this.#worn = null;
      if (this.#spares.length >= AHEAD + limits.recycledMax || segment.bytes !== limits.segmentBytes) {
        disk.remove(segmentPath(segment.number), done);
        return;
      }
      this.#making = true;
      recycleSegment(disk, cluster, segment, number, this.#goesOn, (error, made) => {
        this.#made(number, error, made);
        if (error === null) done(null, undefined);
      });
      return;
    }
    if (this.#spares.length >= AHEAD) return;
    this.#cancelRetry();
    this.#making = true;
    makeSegment(disk, cluster, number, limits.segmentBytes, this.#goesOn, (error, made) => {
      this.#made(number, error, made);
    });
  }

  readonly #goesOn = (): boolean => !this.#abandoned;

  #made(number: number, error: QuorateError | null, segment: Segment): void {
    this.#making = false;
    if (error === null) {
      this.#numberLast = number;
      this.#spares.push(segment);
    }
    if (this.#closed) {
      this.#idle();
      return;
    }
    if (error === null) {
      this.#full = false;
      this.make();
      this.#options.ready();
      return;
    }
    if (error.code !== "DISK_FULL") {
      this.#options.failed(error);
      return;
    }
    this.#full = true;
    if (this.#worn !== null) {
      this.make();
      return;
    }
    this.#cancelRetry = this.#options.clock.after(this.#options.limits.fullRetryMs, () => {
      this.make();
    });
    this.#options.ready();
  }

  /** The log failed: no step is begun any more, of the segment that is being made neither. */
  abandon(): void {
    this.#abandoned = true;
    this.close(() => undefined);
  }

  /** Makes no more; `idle` runs when the one that is being made, if any, is made. */
  close(idle: () => void): void {
    this.#closed = true;
    this.#cancelRetry();
    if (this.#making) this.#idle = idle;
    else idle();
  }
}

/**
 * Makes one segment: filled and synced under another name, then renamed, so that a crash in between never leaves a half-made
 * segment under the name of a whole one.
 *
 * @param goesOn - asked before each further step; once it says no, none is begun, and `done` is not called.
 */
export function makeSegment(
  disk: Disk,
  cluster: string,
  number: number,
  bytes: number,
  goesOn: () => boolean,
  done: (error: QuorateError | null, segment: Segment) => void,
): void {
  const key = segmentKey(cluster, number);
  const path = segmentPath(number);
  const fail = (error: QuorateError): void => {
    done(error, undefined as unknown as Segment);
  };
  disk.create(
    path + UNFINISHED,
    bytes,
    (position, length) => {
      const sectors = unusedSectors(key, position / SECTOR_BYTES, length / SECTOR_BYTES);
      if (position === 0) sectors.set(headerSector(key, bytes));
      return sectors;
    },
    (error, made) => {
      if (error !== null) return fail(error);
      finishSegment(disk, cluster, number, made, goesOn, done);
    },
  );
}

/**
 * Uses a segment again that is no longer needed, under a new number: its blocks exist and were written, so nothing has to be filled. What stands in it
 * bears its old number and counts for nothing. It is under the name of an unfinished one until its header is durable.
 */
function recycleSegment(
  disk: Disk,
  cluster: string,
  { number: before, bytes }: Segment,
  number: number,
  goesOn: () => boolean,
  done: (error: QuorateError | null, segment: Segment) => void,
): void {
  const unfinished = segmentPath(number) + UNFINISHED;
  const fail = (error: QuorateError): void => {
    done(error, undefined as unknown as Segment);
  };
  disk.rename(segmentPath(before), unfinished, (renameError) => {
    if (renameError !== null) return fail(renameError);
    if (!goesOn()) return;
    disk.open(unfinished, (openError, file) => {
      if (openError !== null) return fail(openError);
      if (!goesOn()) return file.close(() => undefined);
      file.writeThrough(0, headerSector(segmentKey(cluster, number), bytes), (writeError) => {
        if (writeError !== null) return fail(writeError);
        finishSegment(disk, cluster, number, file, goesOn, done);
      });
    });
  });
}

/** The file is whole and durable: it gets its name. */
function finishSegment(
  disk: Disk,
  cluster: string,
  number: number,
  made: DiskFile,
  goesOn: () => boolean,
  done: (error: QuorateError | null, segment: Segment) => void,
): void {
  const path = segmentPath(number);
  const fail = (error: QuorateError): void => {
    done(error, undefined as unknown as Segment);
  };
  made.close((closeError) => {
    if (closeError !== null) return fail(closeError);
    if (!goesOn()) return;
    disk.rename(path + UNFINISHED, path, (renameError) => {
      if (renameError !== null) return fail(renameError);
      disk.open(path, (openError, file) => {
        if (openError !== null) return fail(openError);
        done(null, segmentOf(cluster, number, file));
      });
    });
  });
}
