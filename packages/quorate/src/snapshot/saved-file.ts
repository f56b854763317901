import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";

import {
  type DiskFile,
  type Done,
  encodeSavedNote,
  readSavedSnapshot,
  type SavedNote,
  type SavedSnapshot,
} from "@quorate/log";
import { createNodeReader } from "@quorate/log/node";
import { QuorateError } from "@quorate/machine";

/** A saved snapshot and the chunks of its image. */
export interface ReadSnapshot extends SavedSnapshot {
  readonly image: readonly Uint8Array[];
}

/** Takes the bytes of a snapshot file, in order. */
export type Write = (bytes: Uint8Array) => Promise<void>;

/**
 * Makes the file of a saved snapshot: under another name, synced, read once more to its end, then renamed; so under its own name it is always whole.
 *
 * @param fill - writes the snapshot, and says what is noted of it.
 * @throws QuorateError `BAD_OPTION` for a file that is there already; `LOG_CORRUPT` if what was read back is not whole.
 */
export async function writeSavedFile(
  file: string,
  fill: (write: Write) => Promise<Omit<SavedNote, "bytes">>,
): Promise<SavedSnapshot> {
  await refuseExisting(file);
  const unfinished = `${file}.new`;
  const handle = await open(unfinished, "w").catch((error: unknown) => {
    throw new QuorateError("NOT_WRITABLE", "not-applied", `${file} cannot be written: ${wordsOf(error)}`, { file });
  });
  try {
    let bytes = 0;
    try {
      const note = await fill(async (part) => {
        await handle.write(part, 0, part.length, bytes);
        bytes += part.length;
      });
      const encoded = encodeSavedNote({ ...note, bytes });
      await handle.write(encoded, 0, encoded.length, bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const { note, head } = await readSavedFile(unfinished, () => undefined);
    await rename(unfinished, file);
    await syncFolder(dirname(resolve(file)));
    return { note, head };
  } catch (error) {
    await rm(unfinished, { force: true });
    if ((error as NodeJS.ErrnoException).code === "ENOSPC")
      throw new QuorateError("DISK_FULL", "not-applied", `There is no space for ${file}: nothing was saved.`, { file });
    throw error;
  }
}

/**
 * Reads a saved snapshot to its end and checks all of it.
 *
 * @throws QuorateError `LOG_CORRUPT` with file and offset, `LOG_NEWER`, `BAD_OPTION` if there is no such file.
 */
export async function readSavedFile(file: string, push: (chunk: Uint8Array) => void): Promise<SavedSnapshot> {
  const opened = await ended<DiskFile>((done) =>
    createNodeReader(dirname(resolve(file))).open(basename(file), done),
  ).catch((error: unknown) => {
    throw new QuorateError("BAD_OPTION", "not-applied", `${file} cannot be read: ${wordsOf(error)}`, { file });
  });
  try {
    return await ended<SavedSnapshot>((done) => readSavedSnapshot(opened, push, done));
  } finally {
    await ended((done) => opened.close(done));
  }
}

/** The outcome of an operation that ends by callback. */
export function ended<T = void>(begin: (done: Done<T>) => void): Promise<T> {
  return new Promise((settle, reject) => begin((error, value) => (error === null ? settle(value) : reject(error))));
}

async function refuseExisting(file: string): Promise<void> {
  const handle = await open(file, "r").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  });
  if (handle === null) return;
  await handle.close();
  throw new QuorateError("BAD_OPTION", "not-applied", `${file} is there already: name a new file`, { file });
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
