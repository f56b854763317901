import * as fs from "node:fs";
import { join } from "node:path";

import { diskFailed, folderInUse, notWritable } from "../disk/disk-errors.ts";
import type { Done } from "../disk/disk.ts";

const CLAIM = "claim";

/** Folders that this very process holds: a second host in it is refused like any other. */
const own = new Set<string>();

/**
 * Holds a folder for this process: a file with the pid and the moment at which that process started, so that a pid given to another
 * process later does not count. The file of a process that is gone is replaced.
 */
export function claimFolder(folder: string, done: Done<() => void>): void {
  const path = join(folder, CLAIM);
  setImmediate(() => {
    try {
      fs.mkdirSync(folder, { recursive: true });
      const key = fs.realpathSync(folder);
      if (own.has(key)) return done(folderInUse(folder, process.pid), () => {});
      const holder = readHolder(path);
      if (holder !== null && holder.pid !== process.pid && startOf(holder.pid) === holder.start) {
        return done(folderInUse(folder, holder.pid), () => {});
      }
      if (!replaceClaim(path, holder)) return done(folderInUse(folder, readHolder(path)?.pid ?? 0), () => {});
      own.add(key);
      done(null, () => {
        own.delete(key);
        fs.rmSync(path, { force: true });
      });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const denied =
        code === "EACCES" || code === "EROFS" || code === "EPERM" || code === "ENOTDIR" || code === "EEXIST";
      done(denied ? notWritable(folder, error) : diskFailed("claim", folder, 0, error), () => {});
    }
  });
}

interface Holder {
  readonly pid: number;
  readonly start: string;
}

function readHolder(path: string): Holder | null {
  try {
    const [pid, start] = fs.readFileSync(path, "utf8").split(" ");
    return { pid: Number(pid), start: start ?? "" };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Puts this process's claim in place. False if another process was faster. */
function replaceClaim(path: string, stale: Holder | null): boolean {
  if (stale !== null) {
    // Moved aside under a name of this process: of two that find the same stale claim, one moves it and the other finds nothing.
    const aside = `${path}.${process.pid}`;
    try {
      fs.renameSync(path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    fs.rmSync(aside, { force: true });
  }
  try {
    fs.writeFileSync(path, `${process.pid} ${startOf(process.pid)}`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** When a process started, as its system tells it; "alive" where it does not tell, "" if there is no such process. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "" : (fields[19] ?? "");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ESRCH") throw error;
  }
  if (fs.existsSync("/proc/self/stat")) return "";
  try {
    process.kill(pid, 0);
    return "alive";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "alive" : "";
  }
}
