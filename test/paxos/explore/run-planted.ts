import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { nodeArguments, withPlanted } from "@quorate/sim/mutants";
import type { Bug } from "./bugs.ts";

/** What the explorer printed about an engine with that bug in it. */
export interface PlantedRun {
  readonly states: number;
  readonly seconds: number;
  readonly complete: boolean;
  /** How many different invariants were broken, and the first violation of each. */
  readonly violations: number;
  readonly violated: readonly {
    readonly invariant: string;
    readonly why: string;
    readonly trace: readonly string[];
  }[];
}

/** Explores a copy of the engine with the bug planted. `more`: arguments after those of the bug's scope. */
export function explorePlanted(bug: Bug, more: readonly string[]): Promise<PlantedRun> {
  const run = async (folder: string): Promise<PlantedRun> => {
    const args = [...nodeArguments("test/paxos/explore/main.ts"), ...bug.scope, ...more, "--json"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const [out, complaints] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    if (!out.startsWith("{")) throw new Error(`the explorer printed no result: ${complaints}`);
    return JSON.parse(out) as PlantedRun;
  };
  return withPlanted(bug.patches, run, ["test"]);
}
