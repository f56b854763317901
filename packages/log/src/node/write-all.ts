import * as fs from "node:fs";

/** How an operation of `node:fs` ends. */
export type Failure = NodeJS.ErrnoException | null;

/** A write may take less than it was given (write(2)); the rest follows. */
export function writeAll(
  descriptor: number,
  bytes: Uint8Array,
  position: number,
  done: (error: Failure) => void,
): void {
  fs.write(descriptor, bytes, 0, bytes.length, position, (error, count) => {
    if (error !== null) done(error);
    else if (count === bytes.length) done(null);
    else writeAll(descriptor, bytes.subarray(count), position + count, done);
  });
}
