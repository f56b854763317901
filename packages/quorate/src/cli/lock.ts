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
      let held: HeldLock;
      try {
        held = await lock.acquire(name, { timeoutMs: options.timeout });
      } catch (error) {
        printError(error, options.json);
        return NOT_ACQUIRED;
      }
      return runUnder(held, command);
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

/** The exit code: the command's own, 128 + signal, or 76 if the lock was lost. */
async function runUnder(held: HeldLock, [file, ...args]: readonly string[]): Promise<number> {
  const child = spawn(file!, args, {
    stdio: "inherit",
    env: { ...process.env, QUORATE_FENCING_TOKEN: String(held.token) },
  });
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, passOn);
  let lost = false;
  const stopTelling = held.onState((state) => {
    if (state === "jeopardy") child.kill("SIGTERM");
    if (state === "lost") {
      lost = true;
      child.kill("SIGKILL");
    }
  });
  const exitCode = await ended(child, file!);
  stopTelling();
  for (const signal of signals) process.off(signal, passOn);
  if (lost) {
    process.stderr.write("quorate: the lock was lost while the command ran; it was ended (LOCK_LOST)\n");
    return LOST;
  }
  try {
    await held.release();
  } catch (error) {
    // The session is closed next, or expires: the log releases the lock then.
    if (!(error instanceof QuorateError)) throw error;
    printError(error, false);
  }
  return exitCode;
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
