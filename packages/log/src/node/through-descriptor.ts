import * as fs from "node:fs";
import { SECTOR_BYTES } from "../disk/sector.ts";
import { isAligned } from "./page-memory.ts";
import { type Failure, writeAll } from "./write-all.ts";

const { O_WRONLY, O_DSYNC, O_DIRECT } = fs.constants;

/**
 * A second descriptor of an open file. A write through it ends when its bytes are durable (`O_DSYNC`), as with `fdatasync` after it: one trip to the thread pool instead of two. Where file system and
 * memory allow it, it goes around the system's cache (`O_DIRECT`), which saves a copy, and reading before a part of a page is written.
 *
 * Only on Linux (open(2)). On macOS `O_DSYNC` does not reach behind the cache of the disk, as `F_FULLFSYNC` does, which libuv's `fdatasync` is there.
 */
export class ThroughDescriptor {
  readonly #file: number;
  /** `null`: not opened yet. */
  #descriptor: number | null = null;
  #direct: boolean = O_DIRECT !== undefined;
  #available: boolean = process.platform === "linux" && O_DSYNC !== undefined;

  /** @param file - the descriptor of the same file. */
  constructor(file: number) {
    this.#file = file;
  }

  /** Writes, if that can be done here for these bytes; else `impossible` runs and nothing was written. One at a time. */
  write(position: number, bytes: Uint8Array, done: (error: Failure) => void, impossible: () => void): void {
    if (!this.#available) return impossible();
    if (this.#descriptor === null) return this.#open(() => this.write(position, bytes, done, impossible));
    const suits = position % SECTOR_BYTES === 0 && bytes.length % SECTOR_BYTES === 0 && isAligned(bytes, SECTOR_BYTES);
    if (this.#direct && !suits) return impossible();
    writeAll(this.#descriptor, bytes, position, (error) => {
      if (error?.code !== "EINVAL" || !this.#direct) return done(error);
      // The disk has larger sectors, or does not take this memory.
      this.#direct = false;
      this.close(() => this.write(position, bytes, done, impossible));
    });
  }

  close(done: (error: Failure) => void): void {
    const descriptor = this.#descriptor;
    this.#descriptor = null;
    if (descriptor === null) done(null);
    else fs.close(descriptor, (error) => done(error ?? null));
  }

  /** By the descriptor and not by the path: the file may have another name by now. */
  #open(then: () => void): void {
    const flags = O_WRONLY | O_DSYNC | (this.#direct ? O_DIRECT : 0);
    fs.open(`/proc/self/fd/${this.#file}`, flags, (error, descriptor) => {
      if (error === null) this.#descriptor = descriptor;
      else if (this.#direct) this.#direct = false;
      else this.#available = false;
      then();
    });
  }
}
