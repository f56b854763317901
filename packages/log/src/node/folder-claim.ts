import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { QuorateError } from "@quorate/machine";
import type { Done } from "../disk/disk.ts";
import { diskFailed, folderInUse, notWritable } from "../disk/disk-errors.ts";

/** A claim is an empty file; its name says all: `LOCK_pid_started_boot_namespace_random`. */
const CLAIM = /^LOCK_(?<pid>\d+)_(?<started>\d*)_(?<boot>[\w-]*)_(?<namespace>\d*)_[0-9a-f]+$/;

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
 * Holds a folder for this process. (Node has no advisory locks.) Whoever wants it first makes a file under a name of its own, and only then looks for
 * those of others: of two that come at once at least one sees the other, and gives way; perhaps both do. A claim is stale if the machine was started
 * anew since, or if no process with that pid and start time lives; it is never in the way, and removing it takes nothing from anybody.
 *
 * Errors: `FOLDER_IN_USE` with the pid, `NOT_WRITABLE`, `LOG_FAILED`.
 */
export function claimFolder(folder: string, done: Done<() => void>): void {
  const { pid, started, boot, namespace } = thisProcess();
  const name = `LOCK_${pid}_${started}_${boot}_${namespace}_${randomBytes(6).toString("hex")}`;
  const release = (): void => {
    rmSync(join(folder, name), { force: true });
  };
  setImmediate(() => {
    try {
      writeFileSync(join(folder, name), "", { flag: "wx" });
      const holder = otherHolder(folder, name);
      if (holder === 0) return done(null, release);
      release();
      done(folderInUse(folder, holder), () => undefined);
    } catch (error) {
      done(claimError(folder, error as NodeJS.ErrnoException), () => undefined);
    }
  });
}

/** The pid of the process that holds the folder; 0: none does. Writes nothing. Throws what the system says. */
export function holderOf(folder: string): number {
  for (const { pid, isStale } of claimsOn(folder)) if (!isStale) return pid;
  return 0;
}

/** The pid of another claim that is not stale; 0: there is none. Stale ones are removed. */
function otherHolder(folder: string, own: string): number {
  let living = 0;
  for (const { name, pid, isStale } of claimsOn(folder)) {
    if (name === own) continue;
    if (isStale) rmSync(join(folder, name), { force: true });
    else living = pid;
  }
  return living;
}

/** The claims on a folder, and whether whoever made each is gone. */
function* claimsOn(
  folder: string,
): Generator<{ readonly name: string; readonly pid: number; readonly isStale: boolean }> {
  for (const name of readdirSync(folder)) {
    const claim = CLAIM.exec(name)?.groups;
    if (claim === undefined) continue;
    const { pid, started, boot, namespace } = claim as Record<keyof Holder, string>;
    yield { name, pid: Number(pid), isStale: isGone({ pid: Number(pid), started, boot, namespace }) };
  }
}

function claimError(folder: string, error: NodeJS.ErrnoException): QuorateError {
  const denied = error.code === "EACCES" || error.code === "EROFS" || error.code === "EPERM";
  return denied ? notWritable(folder, error) : diskFailed("claim", folder, 0, error);
}

function thisProcess(): Holder {
  return { pid: process.pid, started: startOf(process.pid), boot: bootId(), namespace: pidNamespace() };
}

/** Whether that process can no longer hold anything. In doubt: no. */
function isGone(holder: Holder): boolean {
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

/** The number in `pid:[4026531836]`. */
function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "";
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
