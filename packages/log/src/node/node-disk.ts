import * as fs from "node:fs";
import { dirname, join } from "node:path";

import type { QuorateError } from "@quorate/machine";
import { diskFailed, diskFull, notWritable } from "../disk/disk-errors.ts";
import type { Disk, DiskFile, Done } from "../disk/disk.ts";
import { claimFolder } from "./folder-claim.ts";
import { NodeFile } from "./node-file.ts";

const FILL_BYTES = 1 << 20;

/** The real disk, below one folder. `sync` is fdatasync; a made, renamed or removed entry is durable by fsync of its folder. */
export function createNodeDisk(folder: string): Disk {
  return new NodeDisk(folder);
}

class NodeDisk implements Disk {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  claim(done: Done<() => void>): void {
    claimFolder(this.folder, done);
  }

  list(folder: string, done: Done<readonly string[]>): void {
    fs.readdir(this.at(folder), (error, names) => {
      if (error === null) done(null, names.sort());
      else if (error.code === "ENOENT") done(null, []);
      else done(diskFailed("list", folder, 0, error), []);
    });
  }

  remove(path: string, done: Done): void {
    fs.unlink(this.at(path), (error) => {
      if (error === null) this.syncFolders([path], "remove", done);
      else if (error.code === "ENOENT") done(null);
      else done(diskFailed("remove", path, 0, error));
    });
  }

  create(
    path: string,
    bytes: number,
    fill: (position: number, length: number) => Uint8Array,
    done: Done<DiskFile>,
  ): void {
    const undo = (descriptor: number, error: QuorateError): void => {
      fs.close(descriptor, () =>
        fs.unlink(this.at(path), () => this.syncFolders([path], "create", () => done(error, null as never))),
      );
    };
    fs.mkdir(dirname(this.at(path)), { recursive: true }, (mkdirError, made) => {
      if (mkdirError !== null) return done(this.failed("create", path, bytes, mkdirError), null as never);
      fs.open(this.at(path), "wx+", (openError, descriptor) => {
        if (openError !== null) return done(this.failed("create", path, bytes, openError), null as never);
        const fillFrom = (position: number): void => {
          if (position < bytes) {
            const part = fill(position, Math.min(FILL_BYTES, bytes - position));
            writeAll(descriptor, part, position, (error) => {
              if (error !== null) undo(descriptor, this.failed("create", path, bytes, error));
              else fillFrom(position + part.length);
            });
            return;
          }
          fs.fsync(descriptor, (syncError) => {
            if (syncError !== null) return undo(descriptor, this.failed("create", path, bytes, syncError));
            const folders = made === undefined ? [path] : [path, dirname(path)];
            this.syncFolders(folders, "create", (error) => {
              if (error !== null) undo(descriptor, error);
              else done(null, new NodeFile(path, descriptor, bytes));
            });
          });
        };
        fillFrom(0);
      });
    });
  }

  open(path: string, done: Done<DiskFile>): void {
    fs.open(this.at(path), "r+", (error, descriptor) => {
      if (error !== null) return done(diskFailed("open", path, 0, error), null as never);
      fs.fstat(descriptor, (statError, stat) => {
        if (statError === null) done(null, new NodeFile(path, descriptor, stat.size));
        else fs.close(descriptor, () => done(diskFailed("open", path, 0, statError), null as never));
      });
    });
  }

  rename(from: string, to: string, done: Done): void {
    fs.rename(this.at(from), this.at(to), (error) => {
      if (error !== null) done(diskFailed("rename", `${from} to ${to}`, 0, error));
      else this.syncFolders(dirname(from) === dirname(to) ? [to] : [from, to], "rename", done);
    });
  }

  /** The entries of these paths are durable when done. */
  private syncFolders(paths: readonly string[], operation: string, done: Done): void {
    const [path, ...rest] = paths;
    if (path === undefined) return done(null);
    const failed = (error: NodeJS.ErrnoException): void => done(diskFailed(operation, path, 0, error));
    fs.open(dirname(this.at(path)), "r", (openError, descriptor) => {
      if (openError !== null) return failed(openError);
      fs.fsync(descriptor, (syncError) => {
        fs.close(descriptor, (closeError) => {
          const error = syncError ?? closeError;
          if (error !== null) failed(error);
          else this.syncFolders(rest, operation, done);
        });
      });
    });
  }

  private failed(operation: string, path: string, bytes: number, error: NodeJS.ErrnoException): QuorateError {
    if (error.code === "ENOSPC" || error.code === "EDQUOT") return diskFull(path, bytes, error);
    if (error.code === "EACCES" || error.code === "EROFS" || error.code === "EPERM")
      return notWritable(this.at(path), error);
    return diskFailed(operation, path, 0, error);
  }

  private at(path: string): string {
    return join(this.folder, path);
  }
}

/** Writes all of `bytes`, however little one call takes. */
export function writeAll(
  descriptor: number,
  bytes: Uint8Array,
  position: number,
  done: (error: NodeJS.ErrnoException | null) => void,
): void {
  fs.write(descriptor, bytes, 0, bytes.length, position, (error, written) => {
    if (error !== null || written === bytes.length) done(error);
    else writeAll(descriptor, bytes.subarray(written), position + written, done);
  });
}
