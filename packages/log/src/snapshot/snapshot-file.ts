import type { Image, QuorateError } from "@quorate/machine";
import type { Disk, DiskFile, Done } from "../disk/disk.ts";
import { logCorrupt, logNewer, wrongCluster } from "../errors.ts";
import { viewOf } from "../wal/format.ts";
import type { SnapshotHead } from "../wal/group-log.ts";
import {
  CHUNK_HEADER_BYTES,
  chunkChecksum,
  decodeHeader,
  encodeChunkHeader,
  encodeHeader,
  HEADER_BYTES_MAX,
  SNAPSHOT_VERSION,
} from "./snapshot-format.ts";

/** At the end of the name of a file that is being written. */
export const UNFINISHED_SNAPSHOT = ".new";

const NO_CHUNK = new Uint8Array(0);

/**
 * Writes a snapshot: under another name, chunk by chunk as the disk takes them, then synced, then renamed; so under its own name it
 * is always whole, and the one before it stands until then. The image is released whatever happens.
 * `value`: bytes of the file. Errors: `DISK_FULL`, and then nothing is left of it; `LOG_FAILED`.
 */
export function writeSnapshotFile(
  disk: Disk,
  cluster: string,
  path: string,
  head: SnapshotHead,
  image: Image,
  chunkBytes: number,
  done: Done<number>,
): void {
  const unfinished = path + UNFINISHED_SNAPSHOT;
  const abort = (error: QuorateError): void => {
    image.release();
    disk.remove(unfinished, () => {
      done(error, 0);
    });
  };
  const abortWith = (file: DiskFile, error: QuorateError): void => {
    file.close(() => {
      abort(error);
    });
  };
  const finish = (file: DiskFile, bytes: number): void => {
    image.release();
    file.sync((syncError) => {
      file.close((closeError) => {
        const error = syncError ?? closeError;
        if (error !== null) return disk.remove(unfinished, () => done(error, 0));
        disk.rename(unfinished, path, (renameError) => {
          done(renameError, bytes);
        });
      });
    });
  };
  disk.create(
    unfinished,
    0,
    () => NO_CHUNK,
    (createError, file) => {
      if (createError !== null) return abort(createError);
      const parts = snapshotParts(cluster, head, image, chunkBytes);
      const next = (position: number): void => {
        let part: IteratorResult<readonly Uint8Array[], void>;
        try {
          part = parts.next();
        } catch (thrown) {
          const why = `its image could not be encoded: ${String(thrown)}`;
          return abortWith(file, logCorrupt(unfinished, position, why, thrown));
        }
        if (part.done === true) return finish(file, position);
        const end = part.value.reduce((at, bytes) => at + bytes.length, position);
        file.write(position, part.value, (error) => {
          if (error !== null) abortWith(file, error);
          else next(end);
        });
      };
      next(0);
    },
  );
}

/**
 * A snapshot file in parts, made as they are taken: the header, then a chunk in each. The image is not released.
 *
 * @param chunkBytes - of the image in one chunk; 1 or more.
 */
export function* snapshotParts(
  cluster: string,
  head: SnapshotHead,
  image: Image,
  chunkBytes: number,
): Generator<readonly Uint8Array[], void> {
  const header = encodeHeader(cluster, head);
  const whole = decodeHeader(header, cluster);
  if (whole.state !== "whole") throw new RangeError("the head of the snapshot is too large for its header");
  let { checksum } = whole;
  yield [header];
  for (;;) {
    const chunk = image.next(chunkBytes);
    if (chunk?.length === 0) continue;
    checksum = chunkChecksum(checksum, chunk ?? NO_CHUNK);
    yield [encodeChunkHeader(chunk?.length ?? 0, checksum), chunk ?? NO_CHUNK];
    if (chunk === null) return;
  }
}

/** Reads and checks the header of a snapshot. `LOG_CORRUPT`, `LOG_NEWER`, `WRONG_CLUSTER`. */
export function readSnapshotHead(
  file: DiskFile,
  cluster: string,
  done: Done<{ readonly head: SnapshotHead; readonly bytes: number; readonly checksum: number }>,
): void {
  file.read(0, HEADER_BYTES_MAX, (error, bytes) => {
    const fail = (failure: QuorateError): void => {
      done(failure, undefined as never);
    };
    if (error !== null) return fail(error);
    const found = decodeHeader(bytes, cluster);
    switch (found.state) {
      case "whole":
        return done(null, found);
      case "newer":
        return fail(logNewer(file.path, found.version, SNAPSHOT_VERSION));
      case "other cluster":
        return fail(wrongCluster("another cluster", cluster));
      case "damaged":
        return fail(logCorrupt(file.path, 0, "the header of the snapshot is damaged"));
    }
  });
}

/**
 * Reads a whole snapshot; `push` gets the chunks of the image in order, each checked before. Until `done` has said that there is no
 * error, what was pushed may be the beginning of a damaged image. `LOG_CORRUPT` with the offset.
 */
export function readSnapshotFile(
  file: DiskFile,
  cluster: string,
  push: (chunk: Uint8Array) => void,
  done: Done<SnapshotHead>,
): void {
  const fail = (error: QuorateError): void => {
    done(error, undefined as never);
  };
  readSnapshotHead(file, cluster, (headError, found) => {
    if (headError !== null) return fail(headError);
    const next = (position: number, before: number): void => {
      file.read(position, CHUNK_HEADER_BYTES, (headerError, header) => {
        if (headerError !== null) return fail(headerError);
        if (header.length < CHUNK_HEADER_BYTES)
          return fail(logCorrupt(file.path, position, "the snapshot is cut short"));
        const length = viewOf(header).getUint32(0, true);
        const from = position + CHUNK_HEADER_BYTES;
        if (from + length > file.bytes)
          return fail(logCorrupt(file.path, position, "the length of a chunk is damaged"));
        file.read(from, length, (chunkError, chunk) => {
          if (chunkError !== null) return fail(chunkError);
          const checksum = chunkChecksum(before, chunk);
          if (checksum !== viewOf(header).getUint32(4, true))
            return fail(logCorrupt(file.path, position, "a chunk is damaged"));
          if (length === 0) {
            if (from === file.bytes) return done(null, found.head);
            return fail(logCorrupt(file.path, from, "something follows the end of the snapshot"));
          }
          try {
            push(chunk);
          } catch (thrown) {
            return fail(logCorrupt(file.path, position, `the image cannot be restored: ${String(thrown)}`, thrown));
          }
          next(from + length, checksum);
        });
      });
    };
    next(found.bytes, found.checksum);
  });
}
