import type { Disk, DiskFile } from "./disk.ts";

/** A disk whose syncs say done and do nothing: the mistake that every power loss is there to find. */
export function withoutSync(disk: Disk, later: (run: () => void) => void): Disk {
  const lying = (file: DiskFile): DiskFile => ({
    path: file.path,
    get bytes() {
      return file.bytes;
    },
    write: file.write.bind(file),
    writeThrough: (position, bytes, done) => file.write(position, [bytes], done),
    sync: (done) => later(() => done(null, undefined)),
    read: file.read.bind(file),
    close: file.close.bind(file),
  });
  return {
    buffer: disk.buffer.bind(disk),
    claim: disk.claim.bind(disk),
    list: disk.list.bind(disk),
    remove: disk.remove.bind(disk),
    create: (path, bytes, fill, done) => {
      disk.create(path, bytes, fill, (error, file) => done(error, error === null ? lying(file) : file));
    },
    open: (path, done) => {
      disk.open(path, (error, file) => done(error, error === null ? lying(file) : file));
    },
    rename: disk.rename.bind(disk),
  };
}
