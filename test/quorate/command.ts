import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The checked-in command. */
export const BIN: string = fileURLToPath(new URL("../../packages/quorate/bin/quorate.js", import.meta.url));

/** What a command left behind. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `quorate` to its end. */
export async function quorate(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return finished(spawn(process.execPath, [BIN, ...args], { env: { ...process.env, ...env } }));
}

/** Waits for the end of a process and gathers what it printed. */
export async function finished(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** One replica as `quorate up --json` tells of it. */
export interface UpReplica {
  readonly node: number;
  readonly endpoint: string;
  readonly pid: number;
  readonly data: string;
}

/** A running `quorate up`. */
export interface Up {
  readonly process: ChildProcess;
  readonly replicas: readonly UpReplica[];
  readonly endpoints: string;
  stop(): Promise<number | null>;
}

/** Starts `quorate up` on these ports and waits until it is ready. */
export async function up(ports: readonly number[], data: string, more: readonly string[] = []): Promise<Up> {
  const child = spawn(process.execPath, [BIN, "up", "--ports", ports.join(","), "--data", data, "--json", ...more], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`quorate up ended with ${code}: ${stderr}`)));
  });
  const { replicas } = JSON.parse(line) as { replicas: UpReplica[] };
  return {
    process: child,
    replicas,
    endpoints: replicas.map(({ endpoint }) => endpoint).join(","),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill("SIGINT");
      const [code] = (await once(child, "exit")) as [number | null];
      return code;
    },
  };
}

/** Whether a process is there. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** Resolves when none of the processes is left. */
export async function allGone(pids: readonly number[]): Promise<void> {
  while (pids.some(lives)) await new Promise((resolve) => setImmediate(resolve));
}
