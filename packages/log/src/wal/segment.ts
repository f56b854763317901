import type { Clock, QuorateError } from "@quorate/machine";
import type { Disk, DiskFile } from "../disk/disk.ts";
import { SECTOR_BYTES } from "../disk/sector.ts";
import { type SegmentKey, segmentKey, segmentPath } from "./format.ts";
import type { WalLimits } from "./limits.ts";
import { prefill } from "./prefill.ts";

/** One file of the log. */
export interface Segment {
  readonly number: number;
  readonly key: SegmentKey;
  readonly file: DiskFile;
  readonly bytes: number;
}

/** Where the first unit of a segment stands: after the file header. */
export const FIRST_UNIT_OFFSET: number = SECTOR_BYTES;

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
  #making = false;
  #full = false;
  #closed = false;
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

  /** Makes what is missing; at once, also while waiting for another try. */
  make(): void {
    if (this.#making || this.#closed || this.#spares.length >= AHEAD) return;
    this.#cancelRetry();
    this.#making = true;
    const number = this.#numberLast + 1;
    makeSegment(
      this.#options.disk,
      this.#options.cluster,
      number,
      this.#options.limits.segmentBytes,
      (error, segment) => {
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
        this.#cancelRetry = this.#options.clock.after(this.#options.limits.fullRetryMs, () => {
          this.make();
        });
        this.#options.ready();
      },
    );
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
 * Makes one segment: pre-filled and synced under another name, then renamed, so that a crash in between never leaves a half-made
 * segment under the name of a whole one.
 */
export function makeSegment(
  disk: Disk,
  cluster: string,
  number: number,
  bytes: number,
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
    (position, length) => prefill(key, bytes, position, length),
    (error, made) => {
      if (error !== null) return fail(error);
      made.close((closeError) => {
        if (closeError !== null) return fail(closeError);
        disk.rename(path + UNFINISHED, path, (renameError) => {
          if (renameError !== null) return fail(renameError);
          disk.open(path, (openError, file) => {
            if (openError !== null) return fail(openError);
            done(null, { number, key, file, bytes });
          });
        });
      });
    },
  );
}
