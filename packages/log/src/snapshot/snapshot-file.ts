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
  const header = encodeHeader(cluster, head);
  disk.create(
    unfinished,
    0,
    () => NO_CHUNK,
    (createError, file) => {
      if (createError !== null) return abort(createError);
      const next = (position: number, before: number): void => {
        let chunk: Uint8Array | null;
        try {
          chunk = image.next(chunkBytes);
        } catch (thrown) {
          return abortWith(
            file,
            logCorrupt(unfinished, position, `its image could not be encoded: ${String(thrown)}`, thrown),
          );
        }
        if (chunk?.length === 0) return next(position, before);
        const checksum = chunkChecksum(before, chunk ?? NO_CHUNK);
        const parts = [encodeChunkHeader(chunk?.length ?? 0, checksum), chunk ?? NO_CHUNK];
        const end = position + CHUNK_HEADER_BYTES + (chunk?.length ?? 0);
        file.write(position, parts, (error) => {
          if (error !== null) abortWith(file, error);
          else if (chunk === null) finish(file, end);
          else next(end, checksum);
        });
      };
      file.write(0, [header], (error) => {
        const whole = decodeHeader(header, cluster);
        if (error !== null) abortWith(file, error);
        else if (whole.state !== "whole") abortWith(file, logCorrupt(unfinished, 0, "its header cannot be made"));
        else next(header.length, whole.checksum);
      });
    },
  );
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
          if (length === 0) return done(null, found.head);
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
