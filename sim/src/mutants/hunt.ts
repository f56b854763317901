import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { crc32c } from "@quorate/machine";
import { FAULT_KINDS, type FaultKind } from "../faults/schedule.ts";
import { bundled } from "./bundle.ts";
import type { ChildResult, ChildTask, Kill } from "./child.ts";
import type { Mutant } from "./mutant.ts";
import { type Patch, withPlanted } from "./plant.ts";
import { digestOfSources } from "./sources.ts";

/** Simulated seconds of load and faults in each run of a hunt: most bugs show within a few, and twice the runs of half the length find more. */
export const HUNT_SECONDS = 10;

/** How long to hunt, and in what. */
export interface HuntOptions {
  /** First seed; the others follow it. */
  readonly seed: number;
  /** Simulated seconds of load and faults in each run. */
  readonly seconds: number;
  /** CPU time that one hunt may take; the control may take as much again. */
  readonly cpuMinutes: number;
  /** CPU time that making a failure small may take; 0: it is kept as it is. */
  readonly shrinkCpuSecondsMax: number;
}

/** The same campaign without the faults that reveal the bug, or without any where contention alone does. */
export interface Control {
  readonly without: readonly FaultKind[];
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
  /** Of what it was planted into. */
  readonly sources: string;
  readonly seconds: number;
  /** Runs and CPU time of the hunt. */
  readonly runs: number;
  readonly cpuSeconds: number;
  /** Null: it survived. */
  readonly kill: Kill | null;
  /** Null: not run. */
  readonly control: Control | null;
}

/** Fewest runs that a mutant must survive without what reveals it. */
const CONTROL_SEEDS_MIN = 50;
/** A child that takes this many times its CPU time, of wall time, hangs in one step. */
const WALL_FACTOR = 8;

/** Tells patches of one text from those of another. */
export function checksumOf({ patches }: Pick<Mutant, "patches">): number {
  return crc32c(new TextEncoder().encode(JSON.stringify(patches)));
}

/** What the control of a mutant leaves out. */
export function controlWithout({ revealedBy }: Pick<Mutant, "revealedBy">): readonly FaultKind[] {
  return revealedBy === "contention" ? FAULT_KINDS : revealedBy;
}

/** Hunts one mutant with the general campaign until its first violation, which is made small. */
export async function hunt(mutant: Mutant, options: HuntOptions): Promise<HuntResult> {
  const { seed, seconds, shrinkCpuSecondsMax } = options;
  const task = { seed, seeds: 1e9, seconds, without: [], cpuSecondsMax: options.cpuMinutes * 60, shrinkCpuSecondsMax };
  const { runs, cpuSeconds, kill } = await campaign(mutant.patches, task);
  const sources = digestOfSources();
  return { id: mutant.id, patches: checksumOf(mutant), sources, seconds, runs, cpuSeconds, kill, control: null };
}

/** Runs the seed of a kill once more, and makes it small. */
export async function huntSmaller(mutant: Mutant, result: HuntResult, options: HuntOptions): Promise<HuntResult> {
  const { seconds, shrinkCpuSecondsMax, cpuMinutes } = options;
  const known = result.kill!;
  const task = {
    seed: known.seed,
    seeds: 1,
    seconds,
    without: [],
    cpuSecondsMax: cpuMinutes * 60,
    shrinkCpuSecondsMax,
  };
  const { kill } = await campaign(mutant.patches, task);
  if (kill === null) throw new Error(`run ${known.seeds} holds now: the sources are other ones than those of the hunt`);
  const { seeds, cpuSeconds, wallSeconds } = known;
  return { ...result, sources: digestOfSources(), kill: { ...kill, seeds, cpuSeconds, wallSeconds } };
}

/** The same campaign without the faults that reveal the bug, for twice the seeds of its kill: it should survive; or, where contention alone reveals it, without any. */
export async function huntWithout(mutant: Mutant, result: HuntResult, options: HuntOptions): Promise<HuntResult> {
  const seeds = Math.max(CONTROL_SEEDS_MIN, 2 * result.kill!.seeds);
  return { ...result, control: await control(mutant.patches, seeds, controlWithout(mutant), options) };
}

/** The sources as they stand, over `seeds` seeds: nothing may be found. */
export function huntNothing(seeds: number, options: HuntOptions): Promise<Control> {
  return control([], seeds, [], options);
}

async function control(
  patches: readonly Patch[],
  seeds: number,
  without: readonly FaultKind[],
  { seed, seconds, cpuMinutes }: HuntOptions,
): Promise<Control> {
  const task = { seed, seeds, seconds, without, cpuSecondsMax: cpuMinutes * 60, shrinkCpuSecondsMax: 0 };
  const { runs, cpuSeconds, kill } = await campaign(patches, task);
  const violation = kill === null ? null : { invariant: kill.invariant, witness: kill.witness };
  return { without, seeds: runs, cpuSeconds, violation, complete: runs >= seeds };
}

function campaign(patches: readonly Patch[], task: ChildTask): Promise<ChildResult> {
  return withPlanted(patches, async (folder) => {
    const child = spawn(process.execPath, [await bundled(folder, "sim/src/mutants/child.ts"), JSON.stringify(task)], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: ((task.cpuSecondsMax + task.shrinkCpuSecondsMax) * WALL_FACTOR + 60) * 1000,
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
  });
}
