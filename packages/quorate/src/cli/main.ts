import { Command, CommanderError } from "commander";

import { QuorateError } from "@quorate/machine";

import { addCheck } from "./check.ts";
import { addKv } from "./kv.ts";
import { addLock } from "./lock.ts";
import { addLog } from "./log.ts";
import { defaultEndpoints, durationMs, endpointList } from "./options.ts";
import { printError } from "./output.ts";
import { addServe } from "./serve.ts";
import { addSnapshot } from "./snapshot.ts";
import { addStatus } from "./status.ts";
import { addUp } from "./up.ts";

/** Exit code of a command line that cannot be understood. */
const USAGE = 2;

const program = new Command("quorate")
  .description("A replicated log with a key-value store and locks on it.")
  .usage("<command> [options]")
  .helpCommand(false)
  .showHelpAfterError(false)
  .configureOutput({ outputError: (text, write) => write(usageLine(text)) });

/** A command of the cluster's clients: with `--json`, `--endpoints` and `--timeout`. */
export function withCommon(command: Command): Command {
  return command
    .option("--json", "print JSON", false)
    .option(
      "--endpoints <list>",
      "replicas, separated by commas (or QUORATE_ENDPOINTS)",
      endpointList,
      defaultEndpoints(),
    )
    .option("--timeout <duration>", "how long to try", durationMs, 10_000);
}

addUp(program);
addServe(program);
addStatus(program, withCommon);
addKv(program, withCommon);
addLock(program, withCommon);
addCheck(program);
addLog(program);
addSnapshot(program, withCommon);
for (const command of allCommands(program))
  command.exitOverride().configureOutput({ outputError: (text, write) => write(usageLine(text)) });

// A group alone, as in `quorate kv`, is as unclear as no command at all.
for (const command of allCommands(program)) {
  if (command.commands.length === 0) continue;
  command.allowExcessArguments(true).action(() => {
    const [unknown] = command.args;
    command.error(unknown === undefined ? "error: no command given" : `error: unknown command "${unknown}"`);
  });
}

// Whoever reads the output may have had enough, as `head` has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  else {
    printError(error, process.argv.includes("--json"));
    process.exitCode = error instanceof QuorateError && error.code === "BAD_OPTION" ? USAGE : 1;
  }
}

function usageLine(text: string): string {
  return `quorate: ${text
    .trim()
    .replace(/^error: /, "")
    .replaceAll("\n", " ")}; usage: quorate up | serve | status | kv | lock | log | snapshot | check … (--help)\n`;
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => allCommands(child))];
}
