import { readFileSync } from "node:fs";

/** Clock ticks of one second, as Linux tells them to programs (USER_HZ, proc(5)): 100 on every platform of Node. */
const TICKS_PER_SECOND = 100;

/** Processor time that a process took so far, all threads, user and system, in microseconds; null where there is no `/proc`. */
export function cpuMicros(pid: number): number | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return null;
  }
  // The name of the program, in brackets, may hold spaces; what follows it does not. utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND;
}
