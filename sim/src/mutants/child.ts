/** Runs inside a planted copy of the sources: the general campaign until its first violation. Takes a ChildTask, prints a ChildResult; both JSON. */
import { runCampaign } from "../campaign/campaign.ts";
import type { FaultKind } from "../faults/schedule.ts";
import type { InvariantId } from "../invariants/catalogue.ts";

/** What to run. */
export interface ChildTask {
  readonly seed: number;
  readonly seeds: number;
  readonly seconds: number;
  readonly without: readonly FaultKind[];
  readonly cpuSecondsMax: number;
  /** What making the failure small may take; 0: it is kept as it is. */
  readonly shrinkCpuSecondsMax: number;
}

/** The first violation, as it was found and as small as it was made. */
export interface Kill {
  /** Runs up to it, its own counted. */
  readonly seeds: number;
  /** Up to it, without making it small; the start of the process is in it. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly invariant: InvariantId;
  readonly witness: string;
  readonly seed: number;
  /** Faults that are left, as lines. */
  readonly faults: readonly string[];
  /** Of these, each once. */
  readonly kinds: readonly FaultKind[];
  readonly shrinkRuns: number;
  readonly shrinkCpuSeconds: number;
  /** Faults of the run that failed. */
  readonly faultsBefore: number;
  /** Whether it was made small at all. */
  readonly isSmall: boolean;
  /** Whether each fault that is left was shown to be needed. */
  readonly minimal: boolean;
}

/** What came of it. */
export interface ChildResult {
  readonly runs: number;
  readonly cpuSeconds: number;
  readonly kill: Kill | null;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1e4) / 100;
}

async function run(task: ChildTask): Promise<ChildResult> {
  let found: Pick<Kill, "seeds" | "cpuSeconds" | "wallSeconds"> | null = null;
  let kill: Kill | null = null;
  const { seed: first, seeds, seconds, without, cpuSecondsMax, shrinkCpuSecondsMax } = task;
  const { runs } = await runCampaign({
    seed: first,
    seeds,
    seconds,
    without,
    nodes: 0,
    plant: "none",
    forMs: Infinity,
    cpuMsMax: cpuSecondsMax * 1000,
    // What the table tells is how many faults are needed, and which.
    shrink: { runsMax: shrinkCpuSecondsMax === 0 ? 0 : Infinity, cpuMsMax: shrinkCpuSecondsMax * 1000, calm: false },
    failuresMax: 1,
    progress: () => undefined,
    broken: (_, before) => {
      const wallSeconds = Math.round(performance.now() / 10) / 100;
      found = { seeds: before + 1, cpuSeconds: cpuSeconds(), wallSeconds };
    },
    failed: ({ failure: { invariant, witness, seed, story, schedule }, faultsBefore, shrinkRuns, minimal }) => {
      kill = {
        ...found!,
        invariant,
        witness,
        seed,
        faults: story,
        kinds: [...new Set(schedule.map(({ kind }) => kind))],
        faultsBefore,
        shrinkRuns,
        shrinkCpuSeconds: Math.round((cpuSeconds() - found!.cpuSeconds) * 100) / 100,
        isSmall: shrinkCpuSecondsMax > 0,
        minimal,
      };
    },
  });
  return { runs, cpuSeconds: cpuSeconds(), kill };
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2]!) as ChildTask)));
