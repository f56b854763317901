import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { QuorateError } from "@quorate/machine";
import type { Disk, DiskFile, Done } from "../disk/disk.ts";
import { diskFailed, diskFull, notWritable } from "../disk/disk-errors.ts";
import { writeThenSync } from "../disk/write-then-sync.ts";
import { claimFolder } from "./folder-claim.ts";

/** Bytes of one write while a file is filled: what makes them takes the event loop a tenth of a millisecond. */
const FILL_BYTES = 256 * 1024;

/**
 * A write through a descriptor with this flag ends when its bytes are durable, as with `fdatasync` after it: one trip to the thread pool instead of two.
 * Only on Linux (open(2), "Synchronized I/O"). On macOS it does not reach behind the cache of the disk, as `F_FULLFSYNC` does, which libuv's `fdatasync` is.
 */
const THROUGH = process.platform === "linux" ? fs.constants.O_DSYNC : 0;

type Failure = NodeJS.ErrnoException | null;

/** The files below `folder`: plain writes, `fdatasync`, and a sync of the directory after each change of its entries. */
export function createNodeDisk(folder: string): Disk {
  return new NodeDisk(folder);
}

class NodeDisk implements Disk {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  claim(done: Done<() => void>): void {
    makeFolder(this.#folder, (error) => {
      if (error === null) claimFolder(this.#folder, done);
      else done(failureOf("claim", this.#folder, 0, error), () => undefined);
    });
  }

  list(folder: string, done: Done<readonly string[]>): void {
    fs.readdir(this.#path(folder), (error, names) => {
      if (error?.code === "ENOENT") done(null, []);
      else if (error !== null) done(failureOf("list", folder, 0, error), []);
      else done(null, names.sort());
    });
  }

  remove(path: string, done: Done): void {
    fs.unlink(this.#path(path), (error) => {
      if (error?.code === "ENOENT") done(null, undefined);
      else if (error !== null) done(failureOf("remove", path, 0, error), undefined);
      else this.#syncFolderOf([path], "remove", done);
    });
  }

  create(
    path: string,
    bytes: number,
    fill: (position: number, length: number) => Uint8Array,
    done: Done<DiskFile>,
  ): void {
    const absolute = this.#path(path);
    const fail = (error: NodeJS.ErrnoException): void => {
      const full = error.code === "ENOSPC" || error.code === "EDQUOT";
      done(full ? diskFull(path, bytes, error) : failureOf("create", path, 0, error), NO_FILE);
    };
    const undo = (descriptor: number, error: NodeJS.ErrnoException): void => {
      fs.close(descriptor, () => {
        fs.unlink(absolute, () => {
          fail(error);
        });
      });
    };
    makeFolder(dirname(absolute), (folderError) => {
      if (folderError !== null) return fail(folderError);
      fs.open(absolute, "wx+", (openError, descriptor) => {
        if (openError !== null) return fail(openError);
        const next = (position: number): void => {
          if (position < bytes) {
            const part = fill(position, Math.min(FILL_BYTES, bytes - position));
            writeAll(descriptor, part, position, (error) => {
              if (error !== null) undo(descriptor, error);
              else next(position + part.length);
            });
            return;
          }
          fs.fsync(descriptor, (syncError) => {
            if (syncError !== null) return undo(descriptor, syncError);
            syncFolder(dirname(absolute), (error) => {
              if (error !== null) undo(descriptor, error);
              else done(null, new NodeFile(path, descriptor, bytes, false));
            });
          });
        };
        next(0);
      });
    });
  }

  open(path: string, done: Done<DiskFile>): void {
    fs.open(this.#path(path), fs.constants.O_RDWR | THROUGH, (error, descriptor) => {
      if (error !== null) return done(failureOf("open", path, 0, error), NO_FILE);
      fs.fstat(descriptor, (statError, stat) => {
        if (statError === null) return done(null, new NodeFile(path, descriptor, stat.size, THROUGH !== 0));
        fs.close(descriptor, () => {
          done(failureOf("open", path, 0, statError), NO_FILE);
        });
      });
    });
  }

  rename(from: string, to: string, done: Done): void {
    fs.rename(this.#path(from), this.#path(to), (error) => {
      if (error !== null) done(failureOf("rename", from, 0, error), undefined);
      else this.#syncFolderOf([from, to], "rename", done);
    });
  }

  #path(path: string): string {
    return join(this.#folder, path);
  }

  #syncFolderOf(paths: readonly string[], operation: string, done: Done): void {
    const folders = [...new Set(paths.map((path) => dirname(this.#path(path))))];
    const next = (index: number): void => {
      const folder = folders[index];
      if (folder === undefined) return done(null, undefined);
      syncFolder(folder, (error) => {
        if (error !== null) done(failureOf(operation, folder, 0, error), undefined);
        else next(index + 1);
      });
    };
    next(0);
  }
}

class NodeFile implements DiskFile {
  readonly path: string;
  bytes: number;
  readonly #descriptor: number;
  /** Each write to the descriptor ends when it is durable. */
  readonly #through: boolean;
  #failed: QuorateError | null = null;

  constructor(path: string, descriptor: number, bytes: number, through: boolean) {
    this.#through = through;
    this.path = path;
    this.#descriptor = descriptor;
    this.bytes = bytes;
  }

  write(position: number, parts: readonly Uint8Array[], done: Done): void {
    if (this.#failed !== null) return this.#refuse(done);
    const next = (index: number, at: number): void => {
      const part = parts[index];
      if (part === undefined) {
        this.bytes = Math.max(this.bytes, at);
        return done(null, undefined);
      }
      writeAll(this.#descriptor, part, at, (error) => {
        if (error === null) return next(index + 1, at + part.length);
        const full = (error.code === "ENOSPC" || error.code === "EDQUOT") && at + part.length > this.bytes;
        if (full) return done(diskFull(this.path, at + part.length - this.bytes, error), undefined);
        this.#failed = diskFailed("write", this.path, at, error);
        done(this.#failed, undefined);
      });
    };
    if (parts.length === 0) setImmediate(next, 0, position);
    else next(0, position);
  }

  writeThrough(position: number, bytes: Uint8Array, done: Done): void {
    if (this.#through) this.write(position, [bytes], done);
    else writeThenSync(this, position, bytes, done);
  }

  sync(done: Done): void {
    if (this.#failed !== null) return this.#refuse(done);
    fs.fdatasync(this.#descriptor, (error) => {
      if (error !== null) this.#failed = diskFailed("sync", this.path, 0, error);
      done(this.#failed, undefined);
    });
  }

  read(position: number, bytes: number, done: Done<Uint8Array>): void {
    const buffer = new Uint8Array(Math.max(0, Math.min(bytes, this.bytes - position)));
    const next = (at: number): void => {
      fs.read(this.#descriptor, buffer, at, buffer.length - at, position + at, (error, count) => {
        if (error !== null) done(failureOf("read", this.path, position + at, error), buffer);
        else if (count === 0 || at + count === buffer.length) done(null, buffer.subarray(0, at + count));
        else next(at + count);
      });
    };
    next(0);
  }

  close(done: Done): void {
    fs.close(this.#descriptor, (error) => {
      done(error === null || error === undefined ? null : failureOf("close", this.path, 0, error), undefined);
    });
  }

  #refuse(done: Done): void {
    setImmediate(done, this.#failed, undefined);
  }
}

/** Stands where a `Done` carries an error instead of a file. */
const NO_FILE = undefined as unknown as DiskFile;

function failureOf(operation: string, path: string, position: number, error: NodeJS.ErrnoException): QuorateError {
  const denied = error.code === "EACCES" || error.code === "EROFS" || error.code === "EPERM";
  return denied ? notWritable(path, error) : diskFailed(operation, path, position, error);
}

/** A write may take less than it was given (write(2)); the rest follows. */
function writeAll(descriptor: number, bytes: Uint8Array, position: number, done: (error: Failure) => void): void {
  fs.write(descriptor, bytes, 0, bytes.length, position, (error, count) => {
    if (error !== null) done(error);
    else if (count === bytes.length) done(null);
    else writeAll(descriptor, bytes.subarray(count), position + count, done);
  });
}

/** Makes a folder and those above it; the entries of the new ones are durable. */
function makeFolder(path: string, done: (error: Failure) => void): void {
  fs.mkdir(path, { recursive: true }, (error, first) => {
    if (error !== null) return done(error);
    if (first === undefined) return done(null);
    const stop = dirname(first);
    const next = (folder: string): void => {
      syncFolder(folder, (syncError) => {
        if (syncError !== null || folder === stop || folder === dirname(folder)) done(syncError);
        else next(dirname(folder));
      });
    };
    next(dirname(path));
  });
}

/** Makes the entries of a folder durable (fsync(2): a file's sync does not cover its entry). */
function syncFolder(path: string, done: (error: Failure) => void): void {
  fs.open(path, "r", (error, descriptor) => {
    if (error !== null) return done(error);
    fs.fsync(descriptor, (syncError) => {
      fs.close(descriptor, (closeError) => {
        done(syncError ?? closeError ?? null);
      });
    });
  });
}
