import * as fs from "node:fs";

import type { QuorateError } from "@quorate/machine";
import { diskFailed, diskFull } from "../disk/disk-errors.ts";
import type { DiskFile, Done } from "../disk/disk.ts";

/** A file of the real disk. The first error of a write or sync is kept: a later success of the same call would prove nothing. */
export class NodeFile implements DiskFile {
  readonly path: string;
  bytes: number;
  private readonly descriptor: number;
  private failure: QuorateError | null = null;

  constructor(path: string, descriptor: number, bytes: number) {
    this.path = path;
    this.descriptor = descriptor;
    this.bytes = bytes;
  }

  write(position: number, parts: readonly Uint8Array[], done: Done): void {
    if (this.failure !== null) return later(done, this.failure);
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    if (total === 0) return later(done, null);
    fs.writev(this.descriptor, parts, position, (error, written) => {
      if (error !== null) {
        const longer = position + total > this.bytes;
        if (longer && (error.code === "ENOSPC" || error.code === "EDQUOT"))
          return done(diskFull(this.path, total, error));
        return done(this.fail("write", position, error));
      }
      if (written < total) return this.write(position + written, after(parts, written), done);
      this.bytes = Math.max(this.bytes, position + total);
      done(null);
    });
  }

  sync(done: Done): void {
    if (this.failure !== null) return later(done, this.failure);
    fs.fdatasync(this.descriptor, (error) => done(error === null ? null : this.fail("sync", 0, error)));
  }

  read(position: number, bytes: number, done: Done<Uint8Array>): void {
    const buffer = new Uint8Array(bytes);
    const readFrom = (filled: number): void => {
      fs.read(this.descriptor, buffer, filled, bytes - filled, position + filled, (error, count) => {
        if (error !== null) done(diskFailed("read", this.path, position, error), buffer);
        else if (count === 0 || filled + count === bytes) done(null, buffer.subarray(0, filled + count));
        else readFrom(filled + count);
      });
    };
    if (bytes === 0) later((error) => done(error, buffer), null);
    else readFrom(0);
  }

  close(done: Done): void {
    fs.close(this.descriptor, (error) => done(error === null ? null : diskFailed("close", this.path, 0, error)));
  }

  private fail(operation: string, position: number, error: NodeJS.ErrnoException): QuorateError {
    this.failure ??= diskFailed(operation, this.path, position, error);
    return this.failure;
  }
}

function later(done: Done, error: QuorateError | null): void {
  setImmediate(() => done(error));
}

/** What is left of `parts` after the first `written` bytes. */
function after(parts: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written;
  const rest: Uint8Array[] = [];
  for (const part of parts) {
    if (skip >= part.length) skip -= part.length;
    else {
      rest.push(part.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}
