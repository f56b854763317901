import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { crc32c } from "@quorate/machine";
import type { ChildResult, ChildTask, Kill } from "./child.ts";
import type { Mutant } from "./mutant.ts";
import { nodeArguments, withPlanted } from "./plant.ts";

/** How long to hunt, and in what. */
export interface HuntOptions {
  /** First seed; the others follow it. */
  readonly seed: number;
  /** Simulated seconds of load and faults in each run. */
  readonly seconds: number;
  /** CPU time that one hunt may take; the control may take as much again. */
  readonly cpuMinutes: number;
  /** Runs that making a failure small may take. */
  readonly shrinkRunsMax: number;
  /** Whether a killed mutant is run without what reveals it. Default true. */
  readonly control?: boolean;
}

/** The same campaign without the faults that reveal the bug. */
export interface Control {
  /** Runs that it survived, or the one that broke it. */
  readonly seeds: number;
  readonly cpuSeconds: number;
  /** Null: it survived. */
  readonly violation: { readonly invariant: string; readonly witness: string } | null;
  /** Whether all seeds that were asked for could be run in the time. */
  readonly complete: boolean;
}

/** What became of one mutant. */
export interface HuntResult {
  readonly id: string;
  /** Of its patches: a result of other ones is none of this mutant. */
  readonly patches: number;
  readonly seconds: number;
  /** Runs and CPU time of the hunt. */
  readonly runs: number;
  readonly cpuSeconds: number;
  /** Null: it survived. */
  readonly kill: Kill | null;
  /** Null: it was not killed, or no faults are needed. */
  readonly control: Control | null;
}

/** Fewest runs that a mutant must survive without what reveals it. */
const CONTROL_SEEDS_MIN = 50;
/** A child that takes this many times its CPU time, of wall time, hangs in one step. */
const WALL_FACTOR = 8;

/** Tells patches of one text from those of another. */
export function checksumOf({ patches, revealedBy }: Pick<Mutant, "patches" | "revealedBy">): number {
  return crc32c(new TextEncoder().encode(JSON.stringify([patches, revealedBy])));
}

/** Hunts one mutant: the general campaign until its first violation, and then without the faults that reveal it. */
export function hunt(mutant: Mutant, options: HuntOptions): Promise<HuntResult> {
  const { seed, seconds, shrinkRunsMax } = options;
  const cpuSecondsMax = options.cpuMinutes * 60;
  return withPlanted(mutant.patches, async (folder) => {
    const task: ChildTask = { seed, seeds: 1e9, seconds, without: [], cpuSecondsMax, shrinkRunsMax };
    const { runs, cpuSeconds, kill } = await campaignIn(folder, task);
    const control =
      kill === null || mutant.revealedBy === "contention" || options.control === false
        ? null
        : await controlIn(folder, {
            ...task,
            seeds: Math.max(CONTROL_SEEDS_MIN, 2 * kill.seeds),
            without: mutant.revealedBy,
            shrinkRunsMax: 0,
          });
    return { id: mutant.id, patches: checksumOf(mutant), seconds, runs, cpuSeconds, kill, control };
  });
}

/** The sources as they stand, over `seeds` seeds: nothing may be found. */
export function huntNothing(seeds: number, { seed, seconds, cpuMinutes }: HuntOptions): Promise<Control> {
  const task = { seed, seeds, seconds, without: [], cpuSecondsMax: cpuMinutes * 60, shrinkRunsMax: 0 };
  return withPlanted([], (folder) => controlIn(folder, task));
}

async function controlIn(folder: string, task: ChildTask): Promise<Control> {
  const { runs, cpuSeconds, kill } = await campaignIn(folder, task);
  const violation = kill === null ? null : { invariant: kill.invariant, witness: kill.witness };
  return { seeds: runs, cpuSeconds, violation, complete: runs >= task.seeds };
}

async function campaignIn(folder: string, task: ChildTask): Promise<ChildResult> {
  const child = spawn(process.execPath, [...nodeArguments("sim/src/mutants/child.ts"), JSON.stringify(task)], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: (task.cpuSecondsMax * WALL_FACTOR + 60) * 1000,
  });
  const [out, complaints, [, signal]] = (await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ])) as [string, string, [number | null, string | null]];
  const line = out.trimEnd().split("\n").at(-1)!;
  if (line.startsWith("{")) return JSON.parse(line) as ChildResult;
  const why = complaints.split("\n").find((each) => each.includes("Error")) ?? complaints;
  throw new Error(signal === null ? `the campaign printed no result: ${why}` : "the campaign never ended");
}
