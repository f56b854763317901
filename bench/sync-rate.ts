import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Bare `write` + `fdatasync` of `bytes` per second in `folder`, into a file whose blocks exist already. */
export function syncsPerSecond(folder: string, bytes: number, seconds: number): number {
  const own = mkdtempSync(join(folder, "sync-rate-"));
  const file = openSync(join(own, "file"), "w");
  try {
    const block = Buffer.alloc(bytes, 1);
    const blocks = 64;
    for (let index = 0; index < blocks; index++) writeSync(file, block, 0, bytes, index * bytes);
    fdatasyncSync(file);
    const startedMs = performance.now();
    let count = 0;
    for (; performance.now() - startedMs < seconds * 1_000; count++) {
      writeSync(file, block, 0, bytes, (count % blocks) * bytes);
      fdatasyncSync(file);
    }
    return Math.round((count * 1_000) / (performance.now() - startedMs));
  } finally {
    closeSync(file);
    rmSync(own, { recursive: true });
  }
}

/** The type of the file system that `folder` is on, as `stat` names it. */
export function fileSystemOf(folder: string): string {
  try {
    return execFileSync("stat", ["-f", "-c", "%T", folder], { encoding: "utf8" }).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return `type ${statfsSync(folder).type}`;
  }
}
