import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";

import type { Command } from "commander";

import type { HeldLock } from "@quorate/lock";
import { QuorateError } from "@quorate/machine";
import { type CommonOptions, durationMs, withCluster } from "./options.ts";
import { print, printError, printJson, printTable } from "./output.ts";

/** Exit codes of `lock run`, beside the command's own: not acquired (EX_TEMPFAIL of sysexits.h), and lost. */
const NOT_ACQUIRED = 75;
const LOST = 76;
const NOT_FOUND = 127;

/** What the command gets when `lock run` does. SIGUSR1 belongs to the runtime, which opens its inspector on it. */
const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2", "SIGWINCH"] as const;

interface RunOptions extends CommonOptions {
  readonly ttl: number;
}

/** `quorate lock run|list`. */
export function addLock(program: Command, withCommon: (command: Command) => Command): void {
  const group = program.command("lock").description("run commands under a lock");

  withCommon(
    group
      .command("run")
      .description("run a command while holding a lock; its fencing token is in QUORATE_FENCING_TOKEN")
      .argument("<name>")
      .argument("<command...>")
      .option("--ttl <duration>", "how long the lock outlives a holder that went silent", durationMs, 10_000)
      .passThroughOptions(false),
  ).action(async (name: string, command: string[], options: RunOptions) => {
    process.exitCode = await withCluster({ ...options, sessionTtlMs: options.ttl }, async ({ lock }) => {
      const waiting = new AbortController();
      const stopWaiting = (): void => waiting.abort();
      for (const signal of PASSED_ON) process.on(signal, stopWaiting);
      try {
        return await runUnder(
          await lock.acquire(name, { timeoutMs: options.timeout, signal: waiting.signal }),
          command,
        );
      } catch (error) {
        const inTime = error instanceof QuorateError && (error.code === "DEADLINE" || error.code === "ABORTED");
        if (!inTime) throw error;
        printError(error, options.json);
        return NOT_ACQUIRED;
      } finally {
        for (const signal of PASSED_ON) process.off(signal, stopWaiting);
      }
    });
  });

  withCommon(group.command("list").description("locks that are held or waited for")).action(
    async (options: CommonOptions) => {
      const { locks, more } = await withCluster(options, ({ lock }) => lock.list({ timeoutMs: options.timeout }));
      if (options.json) printJson({ locks, more });
      else if (locks.length === 0) print("no lock is held");
      else {
        const rows = locks.flatMap((one) =>
          [...one.occupants, ...one.waiters].map((claim) => {
            const sinceMs = claim.token > 0 ? claim.grantedAtMs : claim.queuedAtMs;
            const age = `${((one.logTimeMs - sinceMs) / 1_000).toFixed(1)} s`;
            return [one.name, claim.state, claim.token > 0 ? claim.token : "-", claim.session, age];
          }),
        );
        printTable(["lock", "state", "token", "session", "for"], rows);
      }
    },
  );
}

/** The exit code: the command's own, 128 + signal, or 76 if it was ended because the lock was in jeopardy or lost. */
async function runUnder(held: HeldLock, [file, ...args]: readonly string[]): Promise<number> {
  const child = spawn(file!, args, {
    stdio: "inherit",
    env: { ...process.env, QUORATE_FENCING_TOKEN: String(held.token) },
  });
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of PASSED_ON) process.on(signal, passOn);
  let endedByUs = false;
  const stopTelling = held.onState((state) => {
    if (state !== "jeopardy" && state !== "lost") return;
    endedByUs = true;
    child.kill(state === "lost" ? "SIGKILL" : "SIGTERM");
  });
  const exitCode = await ended(child, file!);
  stopTelling();
  for (const signal of PASSED_ON) process.off(signal, passOn);
  await givenBack(held);
  if (!endedByUs) return exitCode;
  process.stderr.write("quorate: the cluster did not confirm the lock in time; the command was ended (LOCK_LOST)\n");
  return LOST;
}

/** Releases the lock, for as long as it may be believed in: after that, the log gives it on by itself. */
async function givenBack(held: HeldLock): Promise<void> {
  const beliefEnds = new Promise<void>((resolve) => setTimeout(resolve, held.remainingMs()).unref());
  const released = held.release().catch((error: unknown) => {
    if (!(error instanceof QuorateError)) throw error;
    printError(error, false);
  });
  await Promise.race([released, beliefEnds]);
}

function ended(child: ChildProcess, file: string): Promise<number> {
  return new Promise((resolve) => {
    child.on("error", (error) => {
      process.stderr.write(`quorate: cannot run ${file}: ${error.message}\n`);
      resolve(NOT_FOUND);
    });
    child.on("exit", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
