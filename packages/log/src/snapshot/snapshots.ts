import type { Image, QuorateError } from "@quorate/machine";
import type { Disk, DiskFile, Done } from "../disk/disk.ts";
import { inTurn } from "../disk/in-turn.ts";
import { logCorrupt } from "../errors.ts";
import type { SnapshotHead } from "../wal/group-log.ts";
import type { WalFault } from "../wal/recovery.ts";
import type { SnapshotLimits } from "./limits.ts";
import { readSnapshotFile, readSnapshotHead, writeSnapshotFile } from "./snapshot-file.ts";
import { parseSnapshotName, SNAPSHOT_FOLDER, snapshotPath } from "./snapshot-format.ts";

/** How the snapshots of a process are opened. */
export interface SnapshotsOptions {
  readonly disk: Disk;
  readonly cluster: string;
  readonly limits: SnapshotLimits;
}

/** Bytes out of a snapshot file, for a peer. */
export interface SnapshotBytes {
  /** Of the whole file. */
  readonly bytesTotal: number;
  readonly bytes: Uint8Array;
}

/** The snapshots of all groups of a process: at most one finished per group, and an older one while it is being sent. */
export interface Snapshots {
  /** Snapshots that were found damaged. They are left in place until another one covers as much. */
  readonly faults: readonly WalFault[];
  /** The snapshot of `head` cannot be read, as `error` says: it counts no more. */
  damaged(head: SnapshotHead, error: QuorateError): void;
  /** The newest of a group; `null`: none. */
  latest(group: number): SnapshotHead | null;
  /** Bytes of the newest file; 0: none. */
  fileBytes(group: number): number;
  /**
   * Writes a snapshot and then removes older ones. One at a time per group: throws if one is being written. `DISK_FULL`: nothing
   * changed. The image is released whatever happens.
   */
  write(head: SnapshotHead, image: Image, done: Done): void;
  /** Reads the newest; `null`: there is none. Drop what was pushed unless it ends without an error. */
  read(group: number, push: (chunk: Uint8Array) => void, done: Done<SnapshotHead | null>): void;
  /** Bytes of the file of `slot`; `null` if it is gone. */
  readBytes(group: number, slot: number, position: number, bytesMax: number, done: Done<SnapshotBytes | null>): void;
  /** Keeps the file of `slot` until the function returned is called, though newer ones come. */
  keep(group: number, slot: number): () => void;
  /** Checks a whole file that came from a peer, makes it this group's newest, and removes older ones. It was closed before; it is synced here. */
  adopt(path: string, group: number, slot: number, done: Done<SnapshotHead>): void;
}

interface Kept {
  readonly head: SnapshotHead;
  readonly bytes: number;
  /** Readers of the file of this slot. */
  keepers: number;
}

/** Looks through the folder: removes what was left unfinished, and all but the newest of each group. `LOG_NEWER`, `WRONG_CLUSTER`, `LOG_FAILED`. */
export function openSnapshots(options: SnapshotsOptions, done: Done<Snapshots>): void {
  const { disk, cluster } = options;
  const snapshots = new FolderSnapshots(options);
  const fail = (error: QuorateError): void => {
    done(error, snapshots);
  };
  disk.list(SNAPSHOT_FOLDER, (listError, names) => {
    if (listError !== null) return fail(listError);
    inTurn(
      names,
      (name, next) => {
        const path = `${SNAPSHOT_FOLDER}/${name}`;
        if (parseSnapshotName(name) === null) return disk.remove(path, next);
        disk.open(path, (openError, file) => {
          if (openError !== null) return next(openError, undefined);
          readSnapshotHead(file, cluster, (error, found) => {
            file.close(() => {
              if (error === null) snapshots.found(found.head, file.bytes);
              else if (error.code === "LOG_CORRUPT") snapshots.damagedFile(path, error);
              else return next(error, undefined);
              next(null, undefined);
            });
          });
        });
      },
      (error) => {
        if (error !== null) return fail(error);
        snapshots.removeOlder((removeError) => {
          done(removeError, snapshots);
        });
      },
    );
  });
}

class FolderSnapshots implements Snapshots {
  readonly faults: WalFault[] = [];
  readonly #options: SnapshotsOptions;
  /** By group, ascending by slot: the last is the newest. */
  readonly #kept = new Map<number, Kept[]>();
  readonly #busy = new Set<number>();
  /** Paths of files that cannot be read. */
  readonly #damaged = new Set<string>();

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  latest(group: number): SnapshotHead | null {
    return this.#kept.get(group)?.at(-1)?.head ?? null;
  }

  fileBytes(group: number): number {
    return this.#kept.get(group)?.at(-1)?.bytes ?? 0;
  }

  damaged(head: SnapshotHead, error: QuorateError): void {
    const kept = this.#kept.get(head.group) ?? [];
    this.#kept.set(
      head.group,
      kept.filter((one) => one.head.slot !== head.slot),
    );
    this.damagedFile(snapshotPath(head.group, head.slot), error);
  }

  damagedFile(path: string, error: QuorateError): void {
    this.faults.push({ file: path, offset: Number(error.detail["offset"] ?? 0), why: "the snapshot is damaged" });
    this.#damaged.add(path);
  }

  found(head: SnapshotHead, bytes: number): void {
    const kept = this.#kept.get(head.group) ?? [];
    if (kept.some((one) => one.head.slot === head.slot)) return;
    kept.push({ head, bytes, keepers: 0 });
    kept.sort((left, right) => left.head.slot - right.head.slot);
    this.#kept.set(head.group, kept);
  }

  write(head: SnapshotHead, image: Image, done: Done): void {
    const { disk, cluster, limits } = this.#options;
    const path = snapshotPath(head.group, head.slot);
    if (this.#busy.has(head.group)) throw new RangeError(`a snapshot of group ${head.group} is being written already`);
    this.#busy.add(head.group);
    writeSnapshotFile(disk, cluster, path, head, image, limits.chunkBytes, (error, bytes) => {
      this.#busy.delete(head.group);
      if (error !== null) return done(error, undefined);
      this.found(head, bytes);
      this.removeOlder(done);
    });
  }

  read(group: number, push: (chunk: Uint8Array) => void, done: Done<SnapshotHead | null>): void {
    const head = this.latest(group);
    if (head === null) {
      // Ends in a later turn, as everything does.
      this.#options.disk.list(SNAPSHOT_FOLDER, (error) => {
        done(error, null);
      });
      return;
    }
    const release = this.keep(group, head.slot);
    this.#withFile(snapshotPath(group, head.slot), (error, file, close) => {
      const end = (failure: QuorateError | null): void => {
        release();
        close(() => {
          done(failure, failure === null ? head : null);
        });
      };
      if (error !== null) end(error);
      else readSnapshotFile(file, this.#options.cluster, push, (readError) => end(readError));
    });
  }

  readBytes(group: number, slot: number, position: number, bytesMax: number, done: Done<SnapshotBytes | null>): void {
    if (!this.#kept.get(group)?.some((one) => one.head.slot === slot)) {
      this.#options.disk.list(SNAPSHOT_FOLDER, (error) => {
        done(error, null);
      });
      return;
    }
    const release = this.keep(group, slot);
    this.#withFile(snapshotPath(group, slot), (error, file, close) => {
      if (error !== null) {
        release();
        return done(error, null);
      }
      const bytesTotal = file.bytes;
      file.read(position, bytesMax, (readError, bytes) => {
        release();
        close(() => {
          done(readError, readError === null ? { bytesTotal, bytes } : null);
        });
      });
    });
  }

  keep(group: number, slot: number): () => void {
    const kept = this.#kept.get(group)?.find((one) => one.head.slot === slot);
    if (kept === undefined) return () => undefined;
    kept.keepers += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      kept.keepers -= 1;
    };
  }

  adopt(path: string, group: number, slot: number, done: Done<SnapshotHead>): void {
    const fail = (error: QuorateError): void => {
      done(error, undefined as never);
    };
    this.#withFile(path, (openError, file, close) => {
      if (openError !== null) return fail(openError);
      readSnapshotFile(
        file,
        this.#options.cluster,
        () => undefined,
        (readError, head) => {
          const bytes = file.bytes;
          const sync = (next: (error: QuorateError | null) => void): void => {
            if (readError === null) file.sync(next);
            else next(readError);
          };
          sync((syncError) => {
            close(() => {
              if (syncError !== null) return fail(syncError);
              if (head.group !== group || head.slot !== slot) return fail(mistaken(path, head));
              this.#options.disk.rename(path, snapshotPath(group, slot), (renameError) => {
                if (renameError !== null) return fail(renameError);
                this.found(head, bytes);
                this.removeOlder((error) => {
                  done(error, head);
                });
              });
            });
          });
        },
      );
    });
  }

  /** Removes all but the newest of each group, save those that are kept. */
  removeOlder(done: Done): void {
    const paths: string[] = [];
    for (const [group, kept] of this.#kept) {
      const last = kept.length - 1;
      const stay = kept.filter((one, index) => index === last || one.keepers > 0);
      for (const one of kept) if (!stay.includes(one)) paths.push(snapshotPath(group, one.head.slot));
      this.#kept.set(group, stay);
    }
    for (const path of this.#damaged) {
      const { group, slot } = parseSnapshotName(path.slice(SNAPSHOT_FOLDER.length + 1))!;
      const newest = this.latest(group);
      if (newest === null || newest.slot < slot) continue;
      this.#damaged.delete(path);
      // A whole one may have come under the same name.
      if (newest.slot > slot) paths.push(path);
    }
    inTurn(paths, (path, next) => this.#options.disk.remove(path, next), done);
  }

  #withFile(
    path: string,
    use: (error: QuorateError | null, file: DiskFile, close: (then: () => void) => void) => void,
  ): void {
    this.#options.disk.open(path, (error, file) => {
      use(error, file, (then) => {
        if (error !== null) return then();
        file.close(() => {
          then();
        });
      });
    });
  }
}

function mistaken(path: string, head: SnapshotHead): QuorateError {
  return logCorrupt(path, 0, `it is the snapshot of group ${head.group} to slot ${head.slot}, not what its name says`);
}
