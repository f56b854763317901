import * as fs from "node:fs";
import { join } from "node:path";
import { QuorateError } from "@quorate/machine";
import type { Disk, DiskFile, Done } from "../disk/disk.ts";
import { diskFailed, folderInUse } from "../disk/disk-errors.ts";
import { holderOf } from "./folder-claim.ts";

/**
 * The files below `folder`, to be read: it is never written to, and may lie on a medium that cannot be. Whatever would change something fails.
 *
 * Its `claim` holds nothing: it only refuses a folder that is not there (`BAD_OPTION`), or that a running process holds (`FOLDER_IN_USE`).
 */
export function createNodeReader(folder: string): Disk {
  const absolute = (path: string): string => join(folder, path);
  return {
    claim(done) {
      setImmediate(() => {
        try {
          const holder = holderOf(folder);
          if (holder === 0) done(null, () => undefined);
          else done(folderInUse(folder, holder), () => undefined);
        } catch (error) {
          const missing = ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
          done(missing ? noFolder(folder) : diskFailed("look at", folder, 0, error), () => undefined);
        }
      });
    },
    buffer: (bytes) => new Uint8Array(bytes),
    list(path, done) {
      fs.readdir(absolute(path), (error, names) => {
        if (error?.code === "ENOENT") done(null, []);
        else if (error !== null) done(diskFailed("list", path, 0, error), []);
        else done(null, names.sort());
      });
    },
    open(path, done) {
      fs.open(absolute(path), "r", (error, descriptor) => {
        if (error !== null) return done(diskFailed("open", path, 0, error), undefined as never);
        fs.fstat(descriptor, (statError, stat) => {
          if (statError === null) return done(null, new ReadFile(path, descriptor, stat.size));
          fs.close(descriptor, () => done(diskFailed("open", path, 0, statError), undefined as never));
        });
      });
    },
    create: (path, _bytes, _fill, done) => refuse("create", path, (error) => done(error, undefined as never)),
    remove: (path, done) => refuse("remove", path, (error) => done(error, undefined)),
    rename: (from, _to, done) => refuse("rename", from, (error) => done(error, undefined)),
  };
}

function refuse(operation: string, path: string, done: (error: QuorateError) => void): void {
  setImmediate(done, diskFailed(operation, path, 0, "the folder was opened for reading only"));
}

class ReadFile implements DiskFile {
  readonly path: string;
  readonly bytes: number;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number, bytes: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.bytes = bytes;
  }

  write(_position: number, _parts: readonly Uint8Array[], done: Done): void {
    refuse("write", this.path, (error) => done(error, undefined));
  }

  writeThrough(_position: number, _bytes: Uint8Array, done: Done): void {
    refuse("write", this.path, (error) => done(error, undefined));
  }

  sync(done: Done): void {
    refuse("sync", this.path, (error) => done(error, undefined));
  }

  read(position: number, bytes: number, done: Done<Uint8Array>): void {
    const buffer = new Uint8Array(Math.max(0, Math.min(bytes, this.bytes - position)));
    const next = (at: number): void => {
      fs.read(this.#descriptor, buffer, at, buffer.length - at, position + at, (error, count) => {
        if (error !== null) done(diskFailed("read", this.path, position + at, error), buffer);
        else if (count === 0 || at + count === buffer.length) done(null, buffer.subarray(0, at + count));
        else next(at + count);
      });
    };
    next(0);
  }

  close(done: Done): void {
    fs.close(this.#descriptor, (error) => {
      done(error === null || error === undefined ? null : diskFailed("close", this.path, 0, error), undefined);
    });
  }
}

function noFolder(folder: string): QuorateError {
  return new QuorateError(
    "BAD_OPTION",
    "not-applied",
    `there is no folder ${folder}: name the data folder of one node, for example .quorate/1`,
    { folder },
  );
}
