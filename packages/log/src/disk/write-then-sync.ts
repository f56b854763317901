import type { QuorateError } from "@quorate/machine";
import type { DiskFile, Done } from "./disk.ts";

/** `writeThrough` by the two operations that it stands for, where nothing cheaper is to be had. */
export function writeThenSync(
  file: Pick<DiskFile, "write" | "sync">,
  position: number,
  bytes: Uint8Array,
  done: Done,
): void {
  file.write(position, [bytes], (error: QuorateError | null) => {
    if (error !== null) done(error, undefined);
    else file.sync(done);
  });
}
