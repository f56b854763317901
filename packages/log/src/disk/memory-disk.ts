import type { QuorateError } from "@quorate/machine";
import type { Disk, DiskFile, Done } from "./disk.ts";
import { diskFailed, diskFull, folderInUse } from "./disk-errors.ts";
import { MemoryFile, type SyncedBytes } from "./memory-file.ts";
import { SECTOR_BYTES } from "./sector.ts";

/** What a memory disk is about to do; given to its hooks. */
export interface DiskOperation {
  readonly kind: "claim" | "list" | "remove" | "create" | "open" | "rename" | "write" | "sync" | "read" | "close";
  readonly path: string;
  /** Of a read, a write, or the sync that ends a write through; 0 otherwise. */
  readonly position: number;
  /** Of a read, a write, a create, or the sync that ends a write through; 0 otherwise. */
  readonly bytes: number;
}

/**
 * What goes wrong with one operation. `error`: it fails for good; what a failed sync should have covered, no later one covers.
 * `full`: no space (create, or a write that makes a file longer). `stall`: it never completes. `lost`: a write that says done and
 * was not done. `misdirected`: a write that lands at `position` instead.
 */
export interface DiskFault {
  readonly kind: "error" | "full" | "stall" | "lost" | "misdirected";
  readonly position: number;
}

/** Asked at a power loss: of a sector with unsynced bytes, or of a directory entry that was being changed. */
export interface Pending {
  readonly kind: "sector" | "name";
  readonly path: string;
  /** Number of the sector in its file; 0 for a name. */
  readonly sector: number;
}

/** How many of the first bytes of the new sector reached the disk: 0 lost, 512 kept, else torn there. Of a name: 0 not yet, else changed. */
export type Decide = (pending: Pending) => number;

/** How a memory disk is set up. */
export interface MemoryDiskOptions {
  /** Runs `run` in a later turn. The owner of time decides when, and in which order over different files. */
  readonly later: (run: () => void, operation: DiskOperation) => void;
  /** Asked before every operation; `null`: nothing goes wrong. */
  readonly fault?: (operation: DiskOperation) => DiskFault | null;
  /** Told when a sync has made something durable, before its caller is. */
  readonly synced?: (path: string, synced: SyncedBytes) => void;
  /** Space for all files together. Default: no limit. */
  readonly bytesMax?: number;
}

interface NameChange {
  readonly path: string;
  readonly apply: () => void;
}

const NOBODY = (): void => undefined;
const NO_FAULT = (): DiskFault | null => null;

/**
 * A disk in memory that does what disks do: unsynced sectors are kept, lost or torn at a power loss, operations fail, stall, hit
 * the wrong place or a full disk. The object is the hardware: it outlives the processes that open it.
 */
export class MemoryDisk implements Disk {
  /** May be replaced at any time. */
  fault: (operation: DiskOperation) => DiskFault | null;
  /** Told of each sync that has made bytes durable. May be replaced at any time; a copy has none. */
  synced: (path: string, synced: SyncedBytes) => void;
  /** May be changed at any time. */
  bytesMax: number;
  readonly #later: (run: () => void, operation: DiskOperation) => void;
  #names = new Map<string, MemoryFile>();
  readonly #changes = new Set<NameChange>();
  #claimed = false;
  /** Counts processes: what an earlier one began never completes. */
  #life = 1;

  constructor(options: MemoryDiskOptions) {
    this.#later = options.later;
    this.synced = options.synced ?? NOBODY;
    this.fault = options.fault ?? NO_FAULT;
    this.bytesMax = options.bytesMax ?? Number.POSITIVE_INFINITY;
  }

  /** Bytes of all files. */
  get bytesUsed(): number {
    let bytes = 0;
    for (const file of this.#names.values()) bytes += file.length;
    return bytes;
  }

  /** Paths of all files, sorted. */
  paths(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  /** Content of a file as a reader sees it; a copy. */
  bytes(path: string): Uint8Array {
    const file = this.#existing(path);
    return file.read(0, file.length);
  }

  /** Content of a file as a power loss would leave it if nothing unsynced reached the disk; a view or a copy. */
  durable(path: string): Uint8Array {
    return this.#existing(path).durable();
  }

  /** One bit of a file rots, durably. */
  flip(path: string, position: number, bit: number): void {
    this.#existing(path).flip(position, bit);
  }

  /** Puts bytes in a file, durably, as a disk does that misdirects, or a person who meddles. */
  overwrite(path: string, position: number, bytes: Uint8Array): void {
    const file = this.#existing(path);
    file.finishWrite(file.beginWrite(position, [bytes]));
    file.settle();
  }

  /** Removes a file, durably, as a person does who meddles. */
  lose(path: string): void {
    this.#existing(path);
    this.#names.delete(path);
  }

  /** The process dies and the machine goes on: nothing written is lost, nothing unsynced becomes synced. */
  kill(): void {
    this.#endProcess((change) => {
      change.apply();
    });
    for (const file of this.#names.values()) file.endProcess();
  }

  /** Power loss. `decide` is asked once for every name being changed, then for every unsynced sector, in order of path and sector. */
  crash(decide: Decide): void {
    this.#endProcess((change) => {
      if (decide({ kind: "name", path: change.path, sector: 0 }) > 0) change.apply();
    });
    for (const path of this.paths()) {
      this.#existing(path).loseUnsynced((sector) => decide({ kind: "sector", path, sector }));
    }
  }

  /** Another disk with the same content, synced and unsynced, and no process. */
  copy(later: (run: () => void, operation: DiskOperation) => void = this.#later): MemoryDisk {
    const copy = new MemoryDisk({ later, bytesMax: this.bytesMax });
    const copies = new Map<MemoryFile, MemoryFile>();
    const copyOf = (file: MemoryFile): MemoryFile => {
      const made = copies.get(file) ?? file.copy();
      copies.set(file, made);
      return made;
    };
    for (const [path, file] of this.#names) copy.#names.set(path, copyOf(file));
    for (const change of this.#changes) {
      // A change under way is kept as the names it would leave, so that a crash of the copy can still decide about it.
      const before = new Map(this.#names);
      change.apply();
      const after = this.#names;
      this.#names = before;
      const touched = [...new Set([...before.keys(), ...after.keys()])].filter(
        (path) => before.get(path) !== after.get(path),
      );
      copy.#changes.add({
        path: change.path,
        apply: () => {
          for (const path of touched) {
            const file = after.get(path);
            if (file === undefined) copy.#names.delete(path);
            else copy.#names.set(path, copyOf(file));
          }
        },
      });
    }
    return copy;
  }

  buffer(bytes: number): Uint8Array {
    return new Uint8Array(bytes);
  }

  claim(done: Done<() => void>): void {
    const life = this.#life;
    this.#run("claim", "", 0, 0, done, () => {
      if (this.#claimed) {
        done(folderInUse("", life), () => undefined);
        return;
      }
      this.#claimed = true;
      done(null, () => {
        if (life === this.#life) this.#claimed = false;
      });
    });
  }

  list(folder: string, done: Done<readonly string[]>): void {
    this.#run("list", folder, 0, 0, done, () => {
      const prefix = folder === "" ? "" : `${folder}/`;
      const names = new Set<string>();
      for (const path of this.#names.keys()) {
        if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split("/")[0]!);
      }
      done(null, [...names].sort());
    });
  }

  remove(path: string, done: Done): void {
    const change = this.#change(path, () => this.#names.delete(path));
    this.#run("remove", path, 0, 0, done, () => {
      this.#finish(change);
      done(null, undefined);
    });
  }

  create(
    path: string,
    bytes: number,
    fill: (position: number, length: number) => Uint8Array,
    done: Done<DiskFile>,
  ): void {
    const file = new MemoryFile();
    const life = this.#life;
    if (this.#names.has(path)) {
      this.#run("create", path, 0, bytes, done, () => done(diskFailed("create", path, 0, "it exists"), DEAD_FILE));
      return;
    }
    if (this.bytesUsed + bytes > this.bytesMax) {
      this.#run("create", path, 0, bytes, done, () => done(diskFull(path, bytes), DEAD_FILE));
      return;
    }
    const change = this.#change(path, () => this.#names.set(path, file));
    const write = file.beginWrite(0, [fill(0, bytes)]);
    this.#run(
      "create",
      path,
      0,
      bytes,
      done,
      () => {
        this.#finish(change);
        file.settleWrite(write);
        done(null, this.#handle(path, file, life));
      },
      () => this.#changes.delete(change),
    );
  }

  open(path: string, done: Done<DiskFile>): void {
    const life = this.#life;
    this.#run("open", path, 0, 0, done, () => {
      const file = this.#names.get(path);
      if (file === undefined) done(diskFailed("open", path, 0, "there is no such file"), DEAD_FILE);
      else done(null, this.#handle(path, file, life));
    });
  }

  rename(from: string, to: string, done: Done): void {
    if (!this.#names.has(from)) {
      this.#run("rename", from, 0, 0, done, () =>
        done(diskFailed("rename", from, 0, "there is no such file"), undefined),
      );
      return;
    }
    const change = this.#change(from, () => {
      const file = this.#names.get(from);
      if (file === undefined) return;
      this.#names.delete(from);
      this.#names.set(to, file);
    });
    this.#run("rename", from, 0, 0, done, () => {
      this.#finish(change);
      done(null, undefined);
    });
  }

  #handle(path: string, file: MemoryFile, life: number): DiskFile {
    let failed: QuorateError | null = null;
    const alive = (): boolean => life === this.#life;
    const refuse = (kind: DiskOperation["kind"], done: Done): void => {
      this.#run(kind, path, 0, 0, done, () => done(failed, undefined), undefined, life);
    };
    const write = (position: number, parts: readonly Uint8Array[], fault: DiskFault | null, done: Done): void => {
      const operation = describe("write", path, position, lengthOf(parts));
      const grows = Math.max(0, position + operation.bytes - file.length);
      if (fault?.kind === "full" || (grows > 0 && this.bytesUsed + grows > this.bytesMax)) {
        this.#complete(life, operation, () => done(diskFull(path, grows), undefined));
        return;
      }
      const begun = file.beginWrite(fault?.kind === "misdirected" ? fault.position : position, parts);
      if (fault?.kind === "stall") return;
      if (fault?.kind === "lost") file.dropWrite(begun);
      if (fault?.kind === "error") failed = diskFailed("write", path, position, "input/output error");
      this.#complete(life, operation, () => {
        file.finishWrite(begun);
        done(failed, undefined);
      });
    };
    const sync = (fault: DiskFault | null, done: Done): void => {
      const synced = fault === null ? file.beginSync() : null;
      if (fault?.kind === "stall") return;
      if (fault !== null) {
        file.failSync();
        failed = diskFailed("sync", path, 0, "input/output error");
      }
      this.#complete(life, describe("sync", path, 0, 0), () => {
        const made = synced === null ? null : synced();
        if (made !== null) this.synced(path, made);
        done(failed, undefined);
      });
    };
    return {
      path,
      get bytes() {
        return file.length;
      },
      write: (position, parts, done) => {
        if (!alive()) return;
        if (failed !== null) return refuse("write", done);
        write(position, parts, this.fault(describe("write", path, position, lengthOf(parts))), done);
      },
      writeThrough: (position, bytes, done) => {
        if (!alive()) return;
        if (failed !== null) return refuse("write", done);
        const writeFault = this.fault(describe("write", path, position, bytes.length));
        const operation = describe("sync", path, position, bytes.length);
        const syncFault = this.fault(operation);
        if (writeFault !== null || syncFault !== null || position + bytes.length > file.length) {
          write(position, [bytes], writeFault, (error) => {
            if (error === null) sync(syncFault, done);
            else done(error, undefined);
          });
          return;
        }
        const begun = file.beginWrite(position, [bytes]);
        this.#later(() => {
          if (life !== this.#life) return;
          const made = file.finishThrough(begun);
          if (made !== null) this.synced(path, made);
          done(null, undefined);
        }, operation);
      },
      sync: (done) => {
        if (!alive()) return;
        if (failed !== null) return refuse("sync", done);
        sync(this.fault(describe("sync", path, 0, 0)), done);
      },
      read: (position, bytes, done) => {
        this.#run("read", path, position, bytes, done, () => done(null, file.read(position, bytes)), undefined, life);
      },
      close: (done) => {
        this.#run("close", path, 0, 0, done, () => done(null, undefined), undefined, life);
      },
    };
  }

  /** Runs `act` in a later turn, unless a fault says otherwise or the process has ended by then. */
  #run<T>(
    kind: DiskOperation["kind"],
    path: string,
    position: number,
    bytes: number,
    done: Done<T>,
    act: () => void,
    failed: () => void = () => undefined,
    life: number = this.#life,
  ): void {
    if (life !== this.#life) return;
    const operation = describe(kind, path, position, bytes);
    const fault = this.fault(operation);
    if (fault?.kind === "stall") return;
    if (fault === null) {
      this.#complete(life, operation, act);
      return;
    }
    const error =
      fault.kind === "full" ? diskFull(path, bytes) : diskFailed(kind, path, position, "input/output error");
    failed();
    this.#complete(life, operation, () => done(error, undefined as T));
  }

  #complete(life: number, operation: DiskOperation, act: () => void): void {
    this.#later(() => {
      if (life === this.#life) act();
    }, operation);
  }

  #change(path: string, apply: () => void): NameChange {
    const change = { path, apply };
    this.#changes.add(change);
    return change;
  }

  #finish(change: NameChange): void {
    if (this.#changes.delete(change)) change.apply();
  }

  #endProcess(each: (change: NameChange) => void): void {
    this.#life += 1;
    this.#claimed = false;
    for (const change of this.#changes) each(change);
    this.#changes.clear();
  }

  #existing(path: string): MemoryFile {
    const file = this.#names.get(path);
    if (file === undefined) throw new RangeError(`there is no file ${path} on this disk`);
    return file;
  }
}

/** Stands where a `Done` carries an error instead of a file. */
const DEAD_FILE = undefined as unknown as DiskFile;

function describe(kind: DiskOperation["kind"], path: string, position: number, bytes: number): DiskOperation {
  return { kind, path, position, bytes };
}

function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

/** Every pending sector and name is kept. */
export const KEEP_ALL: Decide = () => SECTOR_BYTES;

/** Every pending sector and name is lost. */
export const LOSE_ALL: Decide = () => 0;
