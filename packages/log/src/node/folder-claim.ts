import { readFile, readFileSync, readlinkSync, unlink, writeFile } from "node:fs";
import { join } from "node:path";
import type { QuorateError } from "@quorate/machine";
import type { Done } from "../disk/disk.ts";
import { diskFailed, folderInUse, notWritable } from "../disk/disk-errors.ts";

/** Name of the file that says who holds a folder. */
export const LOCK_NAME = "LOCK";

/** Between making the lock and looking whether it is still ours, milliseconds; far longer than removing a stale lock takes. */
const SETTLE_MS = 20;

/** A lock left by a process that is gone is removed; this often, others may be faster. */
const ATTEMPTS_MAX = 10;

/** One process, told apart from a later one with the same pid. */
interface Holder {
  readonly pid: number;
  /** In clock ticks since boot; "" where the system does not tell. */
  readonly started: string;
  /** Of the machine since it was switched on; "" where the system does not tell. */
  readonly boot: string;
  /** The pid namespace; "" where the system does not tell. */
  readonly namespace: string;
}

/**
 * Holds a folder for this process: an exclusively made file names pid, start time, boot and pid namespace. A lock is stale if the
 * machine was started anew since, or if no process with that pid and start time lives. (Node has no advisory locks.)
 *
 * Two processes that find the same stale lock may each remove one: the second may then have removed the lock of the first. Hence
 * whoever made a lock looks a little later whether it is still there.
 *
 * Errors: `FOLDER_IN_USE` with the pid, `NOT_WRITABLE`, `LOG_FAILED`.
 */
export function claimFolder(folder: string, done: Done<() => void>): void {
  const path = join(folder, LOCK_NAME);
  const text = JSON.stringify(thisProcess());
  const fail = (error: QuorateError): void => {
    done(error, () => undefined);
  };
  const attempt = (left: number): void => {
    writeFile(path, text, { flag: "wx" }, (error) => {
      if (error === null) {
        setTimeout(verify, SETTLE_MS);
      } else if (error.code === "EEXIST" && left > 0) {
        readHolder((holder, found) => {
          if (holder === null || !isGone(holder)) return fail(folderInUse(folder, holder?.pid ?? 0));
          removeStale(found, () => {
            attempt(left - 1);
          });
        });
      } else if (error.code === "EEXIST") {
        fail(folderInUse(folder, 0));
      } else {
        fail(claimError(folder, error));
      }
    });
  };
  const readHolder = (use: (holder: Holder | null, found: string) => void): void => {
    readFile(path, "utf8", (error, found) => {
      if (error?.code === "ENOENT") use({ pid: 0, started: "", boot: "", namespace: "" }, "");
      else if (error !== null) fail(claimError(folder, error));
      else use(parseHolder(found), found);
    });
  };
  const removeStale = (found: string, next: () => void): void => {
    readFile(path, "utf8", (error, again) => {
      if (error !== null || again !== found || found === "") return next();
      unlink(path, () => {
        next();
      });
    });
  };
  const verify = (): void => {
    readFile(path, "utf8", (error, found) => {
      if (error !== null || found !== text) return fail(folderInUse(folder, parseHolder(found ?? "")?.pid ?? 0));
      done(null, () => {
        unlink(path, () => undefined);
      });
    });
  };
  attempt(ATTEMPTS_MAX);
}

function claimError(folder: string, error: NodeJS.ErrnoException): QuorateError {
  const denied = error.code === "EACCES" || error.code === "EROFS" || error.code === "EPERM";
  return denied ? notWritable(folder, error) : diskFailed("claim", folder, 0, error);
}

function parseHolder(text: string): Holder | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Half-written by a process that is just making it, or no lock of ours: nobody may take the folder on that account.
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { pid, started, boot, namespace } = value as Partial<Record<keyof Holder, unknown>>;
  if (typeof pid !== "number" || typeof started !== "string") return null;
  if (typeof boot !== "string" || typeof namespace !== "string") return null;
  return { pid, started, boot, namespace };
}

function thisProcess(): Holder {
  return {
    pid: process.pid,
    started: startOf(process.pid),
    boot: bootId(),
    namespace: pidNamespace(),
  };
}

/** Whether that process can no longer hold anything. In doubt: no. */
function isGone(holder: Holder): boolean {
  if (holder.pid === 0) return true;
  if (holder.boot !== "" && bootId() !== "" && holder.boot !== bootId()) return true;
  if (holder.namespace !== pidNamespace()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  const started = startOf(holder.pid);
  return holder.started !== "" && started !== "" && started !== holder.started;
}

/** When a process started, as field 22 of /proc/PID/stat says (proc(5)); the name in field 2 may hold blanks. */
function startOf(pid: number): string {
  const stat = readSystemFile(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

function bootId(): string {
  return readSystemFile("/proc/sys/kernel/random/boot_id").trim();
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return ""; // no such thing on this system
  }
}

function readSystemFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // no such thing on this system, or the process is gone
  }
}
