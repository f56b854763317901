import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { QuorateError } from "@quorate/machine";
import type { Disk, DiskFile, Done } from "../disk/disk.ts";
import { diskFailed, diskFull, notWritable } from "../disk/disk-errors.ts";
import { writeThenSync } from "../disk/write-then-sync.ts";
import { claimFolder } from "./folder-claim.ts";
import { pageMemory } from "./page-memory.ts";
import { ThroughDescriptor } from "./through-descriptor.ts";
import { type Failure, writeAll } from "./write-all.ts";

/** Bytes of one write while a file is filled: what makes them takes the event loop a tenth of a millisecond. */
const FILL_BYTES = 256 * 1024;

/** The files below `folder`: plain writes, `fdatasync`, and a sync of the directory after each change of its entries. */
export function createNodeDisk(folder: string): Disk {
  return new NodeDisk(folder);
}

class NodeDisk implements Disk {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  buffer(bytes: number): Uint8Array {
    return pageMemory(bytes);
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
              else done(null, new NodeFile(path, descriptor, bytes));
            });
          });
        };
        next(0);
      });
    });
  }

  open(path: string, done: Done<DiskFile>): void {
    fs.open(this.#path(path), "r+", (error, descriptor) => {
      if (error !== null) return done(failureOf("open", path, 0, error), NO_FILE);
      fs.fstat(descriptor, (statError, stat) => {
        if (statError === null) return done(null, new NodeFile(path, descriptor, stat.size));
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
  readonly #through: ThroughDescriptor;
  #failed: QuorateError | null = null;

  constructor(path: string, descriptor: number, bytes: number) {
    this.#through = new ThroughDescriptor(descriptor);
    this.path = path;
    this.#descriptor = descriptor;
    this.bytes = bytes;
  }

  write(position: number, parts: readonly Uint8Array[], done: Done): void {
    if (this.#failed !== null) return this.#refuse(done);
    const next = (index: number, at: number): void => {
      const part = parts[index];
      if (part === undefined) return done(null, undefined);
      writeAll(this.#descriptor, part, at, (error) => {
        const failure = this.#written(at, part.length, error);
        if (failure === null) next(index + 1, at + part.length);
        else done(failure, undefined);
      });
    };
    if (parts.length === 0) setImmediate(next, 0, position);
    else next(0, position);
  }

  writeThrough(position: number, bytes: Uint8Array, done: Done): void {
    if (this.#failed !== null) return this.#refuse(done);
    this.#through.write(
      position,
      bytes,
      (error) => done(this.#written(position, bytes.length, error), undefined),
      () => writeThenSync(this, position, bytes, done),
    );
  }

  /** A write has ended. */
  #written(position: number, bytes: number, error: Failure): QuorateError | null {
    const end = position + bytes;
    if (error === null) {
      this.bytes = Math.max(this.bytes, end);
      return null;
    }
    const full = (error.code === "ENOSPC" || error.code === "EDQUOT") && end > this.bytes;
    if (full) return diskFull(this.path, end - this.bytes, error);
    this.#failed = diskFailed("write", this.path, position, error);
    return this.#failed;
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
    this.#through.close((throughError) => {
      fs.close(this.#descriptor, (closeError) => {
        const error = throughError ?? closeError ?? null;
        done(error === null ? null : failureOf("close", this.path, 0, error), undefined);
      });
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
