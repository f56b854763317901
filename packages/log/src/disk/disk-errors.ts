import { QuorateError } from "@quorate/machine";

/** A read, write, sync or rename went wrong inside what is already on the disk: final for the log it belongs to. */
export function diskFailed(operation: string, path: string, position: number, cause: unknown): QuorateError {
  return new QuorateError(
    "LOG_FAILED",
    "not-applied",
    `${operation} of ${path} at byte ${position} failed: ${reasonOf(cause)}. The file is not to be trusted again in this process; check the disk, then start the node again.`,
    { operation, path, position },
    null,
    cause,
  );
}

/** There is no space to make or lengthen a file; nothing changed, and it may be tried again. */
export function diskFull(path: string, bytes: number, cause: unknown = null): QuorateError {
  return new QuorateError(
    "DISK_FULL",
    "not-applied",
    `No space for ${bytes} bytes of ${path}. Writes wait until there is space; free some on this disk.`,
    { path, bytes },
    null,
    cause,
  );
}

/** Another process holds the folder. `pid` 0: it could not be read. */
export function folderInUse(folder: string, pid: number): QuorateError {
  return new QuorateError(
    "FOLDER_IN_USE",
    "not-applied",
    `The folder ${folder} is held by process ${pid}. Stop that process, or give this node a folder of its own.`,
    { folder, pid },
  );
}

/** The process may not write where it was told to. */
export function notWritable(path: string, cause: unknown): QuorateError {
  return new QuorateError(
    "NOT_WRITABLE",
    "not-applied",
    `${path} cannot be written: ${reasonOf(cause)}. Give this user the right to write there, or choose another folder.`,
    { path },
    null,
    cause,
  );
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
