import type { QuorateError } from "@quorate/machine";

/** How every operation below the caller ends: once, in a later turn. `error` is null on success. */
export type Done<T = void> = (error: QuorateError | null, value: T) => void;

/**
 * The only door to files. Every completion comes in a later turn. Paths are relative to the folder that was claimed, with `/`.
 * Errors: `DISK_FULL` only from `create`, and then nothing changed; all else is `LOG_FAILED` with path, operation and position.
 */
export interface Disk {
  /** Memory of at least so many bytes, zeros at first. From its beginning {@link DiskFile.writeThrough} may cost less than from other memory. */
  buffer(bytes: number): Uint8Array;
  /** Makes the folder if need be and holds it for this process; a second holder is refused with `FOLDER_IN_USE` and the first one's pid. `value` gives it back. */
  claim(done: Done<() => void>): void;
  /** Names in a folder, sorted; empty if there is no such folder. */
  list(folder: string, done: Done<readonly string[]>): void;
  /** Durable when done; no error if it was not there. */
  remove(path: string, done: Done): void;
  /**
   * Makes a file of `bytes` bytes, filled by `fill(position, length)` in real writes, and durable with its directory entry.
   * An existing file is an error.
   */
  create(
    path: string,
    bytes: number,
    fill: (position: number, length: number) => Uint8Array,
    done: Done<DiskFile>,
  ): void;
  open(path: string, done: Done<DiskFile>): void;
  /** Durable when done, both entries; replaces what stands at `to`. The file itself must have been synced before. */
  rename(from: string, to: string, done: Done): void;
}

/** One open file. After the first error of a write or sync every further one fails: the file is not to be trusted again. */
export interface DiskFile {
  readonly path: string;
  /** Length now. */
  readonly bytes: number;
  /** Writes the parts one after the other from `position`. Writing beyond the end makes it longer. */
  write(position: number, parts: readonly Uint8Array[], done: Done): void;
  /** Writes at `position`, and these bytes are durable when done; of earlier writes it says nothing. May cost less than {@link write} and {@link sync}. */
  writeThrough(position: number, bytes: Uint8Array, done: Done): void;
  /** Everything written before this call is durable when done (fdatasync). */
  sync(done: Done): void;
  /** Fewer bytes than asked for only at the end of the file. */
  read(position: number, bytes: number, done: Done<Uint8Array>): void;
  close(done: Done): void;
}
