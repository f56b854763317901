import * as fs from "node:fs";
import { join } from "node:path";

import { diskFailed, folderInUse, notWritable } from "../disk/disk-errors.ts";
import type { Done } from "../disk/disk.ts";

/** `claim-PID-START`: the process, and the moment it started, so that a pid given to another process later does not count. */
const CLAIM = /^claim-(?<pid>\d+)-(?<start>\w+)$/;

/** Folders that this very process holds: a second host in it is refused like any other. */
const own = new Set<string>();

/**
 * Holds a folder for this process. Each claimant first makes a file whose name is its own alone, then looks for those of others that live: of two that
 * come at once at most one finds none, and perhaps neither does. A file of a process that is gone is nobody's any more, and removed.
 */
export function claimFolder(folder: string, done: Done<() => void>): void {
  setImmediate(() => {
    try {
      fs.mkdirSync(folder, { recursive: true });
      const key = fs.realpathSync(folder);
      if (own.has(key)) return done(folderInUse(folder, process.pid), () => {});
      const name = `claim-${process.pid}-${startOf(process.pid)}`;
      fs.writeFileSync(join(key, name), "");
      const holder = livingHolder(key, name);
      if (holder !== 0) {
        fs.rmSync(join(key, name), { force: true });
        return done(folderInUse(folder, holder), () => {});
      }
      own.add(key);
      done(null, () => {
        own.delete(key);
        fs.rmSync(join(key, name), { force: true });
      });
    } catch (error) {
      const denied = ["EACCES", "EROFS", "EPERM", "ENOTDIR", "EEXIST"].includes(
        (error as NodeJS.ErrnoException).code ?? "",
      );
      done(denied ? notWritable(folder, error) : diskFailed("claim", folder, 0, error), () => {});
    }
  });
}

/** The pid of a process, other than the one of `name`, that lives and claims the folder; 0: there is none. */
function livingHolder(folder: string, name: string): number {
  let living = 0;
  for (const other of fs.readdirSync(folder)) {
    const claim = CLAIM.exec(other)?.groups;
    if (claim === undefined || other === name) continue;
    const pid = Number(claim["pid"]);
    if (startOf(pid) === claim["start"]) living = pid;
    else fs.rmSync(join(folder, other), { force: true });
  }
  return living;
}

/** When a process started, as its system tells it; "alive" where it does not tell, "gone" if there is no such process. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "gone" : (fields[19] ?? "alive");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ESRCH") throw error;
  }
  if (fs.existsSync("/proc/self/stat")) return "gone";
  try {
    process.kill(pid, 0);
    return "alive";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "alive" : "gone";
  }
}
