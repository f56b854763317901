import type { QuorateError } from "@quorate/machine";
import type { Disk, DiskFile, Done } from "./disk.ts";
import { diskFailed } from "./disk-errors.ts";

/**
 * A disk to look at: what recovery would mend it may try, for a write, a sync, a removal or a rename says that it is done, and nothing has changed.
 * To make a file is refused. The claim is left to `disk`.
 */
export function readOnly(disk: Disk): Disk {
  // Whatever is asked ends in a later turn, so the disk is asked for something harmless.
  const later = (run: (error: QuorateError | null) => void): void => disk.list("", run);
  const pretend = (done: Done): void => later((error) => done(error, undefined));
  return {
    buffer: (bytes) => disk.buffer(bytes),
    claim: (done) => disk.claim(done),
    list: (folder, done) => disk.list(folder, done),
    open: (path, done) =>
      disk.open(path, (error, file) => done(error, error === null ? readOnlyFile(file, pretend) : file)),
    create: (path, _bytes, _fill, done) =>
      later(() => done(diskFailed("create", path, 0, "this disk is only looked at"), undefined as never)),
    remove: (_path, done) => pretend(done),
    rename: (_from, _to, done) => pretend(done),
  };
}

function readOnlyFile(file: DiskFile, pretend: (done: Done) => void): DiskFile {
  return {
    path: file.path,
    bytes: file.bytes,
    write: (_position, _parts, done) => pretend(done),
    writeThrough: (_position, _bytes, done) => pretend(done),
    sync: (done) => pretend(done),
    read: (position, bytes, done) => file.read(position, bytes, done),
    close: (done) => file.close(done),
  };
}
