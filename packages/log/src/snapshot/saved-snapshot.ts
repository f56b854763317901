import { crc32c } from "@quorate/machine";
import type { QuorateError } from "@quorate/machine";
import type { DiskFile, Done } from "../disk/disk.ts";
import { logCorrupt, logNewer } from "../errors.ts";
import type { SnapshotHead } from "../wal/group-log.ts";
import { readSnapshotFile } from "./snapshot-file.ts";

/** What a saved snapshot says of itself, behind the snapshot. */
export interface SavedNote {
  /** Name of the cluster; stands in the snapshot as a hash only. */
  readonly cluster: string;
  /** The node that gave it. */
  readonly node: number;
  /** When, by the clock of who saved it; ISO 8601. */
  readonly savedAt: string;
  /** Of the snapshot, without the note. */
  readonly bytes: number;
  /** 0: everything in it was chosen. Else the last slot that was known chosen where it was taken: those above were only accepted there. */
  readonly chosenTo: number;
}

/** A saved snapshot that was read to its end. */
export interface SavedSnapshot {
  readonly note: SavedNote;
  readonly head: SnapshotHead;
}

const HEAD = "quorate snapshot ";
/** The version this code writes, and the newest it reads. */
const SAVED_VERSION = 1;
/** The last line: length of the two lines before it, and their CRC-32C, in hexadecimal. */
const LAST = /^(?<length>[0-9a-f]{8}) (?<checksum>[0-9a-f]{8})\n$/;
const LAST_BYTES = 18;
const NOTE_BYTES_MAX = 64 * 1024;

/** The note in bytes: `quorate snapshot 1`, the fields as JSON, and the last line. Goes right behind the snapshot file. */
export function encodeSavedNote(note: SavedNote): Uint8Array {
  const { cluster, node, savedAt, bytes, chosenTo } = note;
  const body = `${HEAD}${SAVED_VERSION}\n${JSON.stringify({ cluster, node, savedAt, bytes, chosenTo })}\n`;
  const encoded = new TextEncoder().encode(body);
  return new TextEncoder().encode(`${body}${hex(encoded.length)} ${hex(crc32c(encoded))}\n`);
}

/**
 * Reads a saved snapshot to its end, and checks all of it. `push` gets the chunks of the image; until `done` has said that there is no error they may
 * be the beginning of a damaged one. `LOG_CORRUPT` with the offset, `LOG_NEWER`.
 */
export function readSavedSnapshot(file: DiskFile, push: (chunk: Uint8Array) => void, done: Done<SavedSnapshot>): void {
  const fail = (error: QuorateError): void => {
    done(error, undefined as never);
  };
  readNote(file, (noteError, note) => {
    if (noteError !== null) return fail(noteError);
    readSnapshotFile(beginningOf(file, note.bytes), note.cluster, push, (error, head) => {
      if (error !== null) fail(error);
      else done(null, { note, head });
    });
  });
}

function readNote(file: DiskFile, done: Done<SavedNote>): void {
  const bad = (offset: number, why: string): void => {
    done(logCorrupt(file.path, offset, why), undefined as never);
  };
  const from = Math.max(0, file.bytes - NOTE_BYTES_MAX);
  file.read(from, NOTE_BYTES_MAX, (error, tail) => {
    if (error !== null) return done(error, undefined as never);
    const end = tail.length - LAST_BYTES;
    const last = LAST.exec(new TextDecoder().decode(tail.subarray(Math.max(0, end))));
    const length = Number.parseInt(last?.groups?.["length"] ?? "", 16);
    if (!(length <= end)) {
      return bad(
        Math.max(0, file.bytes - LAST_BYTES),
        "it does not end like a saved snapshot: it was cut short, or is something else",
      );
    }
    const body = tail.subarray(end - length, end);
    const start = from + end - length;
    if (hex(crc32c(body)) !== last?.groups?.["checksum"]) return bad(start, "its note is damaged");
    const [first, fields] = new TextDecoder().decode(body).split("\n");
    const version = first?.startsWith(HEAD) === true ? Number(first.slice(HEAD.length)) : Number.NaN;
    if (version > SAVED_VERSION) return done(logNewer(file.path, version, SAVED_VERSION), undefined as never);
    const note = version === SAVED_VERSION ? checkedNote(fields ?? "") : null;
    if (note === null || note.bytes !== start) return bad(start, "its note is none of a saved snapshot");
    done(null, note);
  });
}

function checkedNote(fields: string): SavedNote | null {
  let value: unknown;
  try {
    value = JSON.parse(fields);
  } catch {
    return null; // the caller says where and why
  }
  const { cluster, node, savedAt, bytes, chosenTo } = (value ?? {}) as Record<string, unknown>;
  if (typeof cluster !== "string" || typeof node !== "number" || typeof savedAt !== "string") return null;
  if (typeof bytes !== "number" || typeof chosenTo !== "number") return null;
  return { cluster, node, savedAt, bytes, chosenTo };
}

/** The first bytes of a file, as if nothing followed. */
function beginningOf(file: DiskFile, bytes: number): DiskFile {
  return {
    path: file.path,
    bytes,
    write: (position, parts, done) => file.write(position, parts, done),
    writeThrough: (position, part, done) => file.writeThrough(position, part, done),
    sync: (done) => file.sync(done),
    read: (position, length, done) => file.read(position, Math.max(0, Math.min(length, bytes - position)), done),
    close: (done) => file.close(done),
  };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
