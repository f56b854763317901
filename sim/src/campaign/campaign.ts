import type { Verdict } from "@quorate/check";
import { missedBy, SOMETIMES } from "../coverage/sometimes.ts";
import { scheduleOf } from "../faults/schedule.ts";
import type { Violation } from "../invariants/catalogue.ts";
import type { ShrinkBudget } from "../shrink/attempts.ts";
import { type Recorded, recordFailure } from "../report/record-failure.ts";
import { configOf } from "../faults/swarm.ts";
import type { ConfigWishes } from "../world/config.ts";
import { type RunResult, runOnce } from "../world/run.ts";

/** One run in so many is taken twice. */
const TWICE_EVERY = 25;

/** What making one failure small may take, and whether it is made calm as well. */
export interface CampaignShrink extends Pick<ShrinkBudget, "runsMax" | "calm" | "progress"> {
  /** CPU time of this process, from when the failure was found. Default: no bound. */
  readonly cpuMsMax?: number;
}

/** Part of a campaign: every `of`-th run, from the `index`-th on, counted from 0. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/** What a campaign is to do. */
export interface CampaignOptions extends ConfigWishes {
  /** The first seed; the others follow it. */
  readonly seed: number;
  /** How many; Infinity: until the time is over. */
  readonly seeds: number;
  /** Which of these it runs. Default: all. */
  readonly share?: Share;
  /** Wall time. Infinity: no bound. */
  readonly forMs: number;
  /** CPU time of this process. Default: no bound. */
  readonly cpuMsMax?: number;
  /** Failures after which it ends. Default: no bound. */
  readonly failuresMax?: number;
  /** What making one failure small may take. */
  readonly shrink: CampaignShrink;
  /** Told after each run. */
  readonly progress: (runs: number, simulatedSeconds: number, violations: number) => void;
  /** Told of each failure as it is found, before it is made small. `runs`: seeds before it. */
  readonly broken?: (violation: Violation, runs: number) => void;
  /** Told of each failure, made small. */
  readonly failed: (recorded: Recorded) => void;
}

/** What came of it: the last line of the command. */
export interface CampaignResult {
  readonly runs: number;
  readonly simulatedSeconds: number;
  readonly wallSeconds: number;
  readonly events: number;
  readonly operations: number;
  readonly violations: number;
  /** Runs that were taken twice, and whose hashes differed. */
  readonly takenTwice: number;
  readonly diverged: number;
  /** Histories of clients that were searched in full, by verdict. */
  readonly searched: Readonly<Record<Verdict, number>>;
  readonly coverage: Readonly<Record<string, number>>;
  /** Empty, or what a campaign of this length should have hit. */
  readonly missed: readonly string[];
}

/** Runs seed after seed. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const coverage = new Map<string, number>(SOMETIMES.map((name) => [name, 0]));
  const beganMs = performance.now();
  const searched: Record<Verdict, number> = { linearizable: 0, "not-linearizable": 0, unknown: 0 };
  let runs = 0;
  let simulatedMs = 0;
  let events = 0;
  let operations = 0;
  let violations = 0;
  let takenTwice = 0;
  let diverged = 0;
  const { cpuMsMax = Infinity, failuresMax = Infinity, share = { index: 0, of: 1 } } = options;
  let index = share.index;
  while (
    index < options.seeds &&
    violations < failuresMax &&
    performance.now() - beganMs < options.forMs &&
    cpuMs() < cpuMsMax
  ) {
    const seed = options.seed + index;
    const config = configOf(seed, options);
    const schedule = scheduleOf(seed, config.kinds, config.seconds, config.gapMs);
    const result: RunResult = await runOnce(config, seed, schedule);
    if (index % TWICE_EVERY === 0) {
      takenTwice += 1;
      if ((await runOnce(config, seed, schedule)).hash !== result.hash) diverged += 1;
    }
    if (result.searched !== null) searched[result.searched] += 1;
    runs += 1;
    // Whole ones, so that the shares of several processes add up to the same.
    simulatedMs += Math.round(result.simulatedMs);
    events += result.events;
    operations += result.operations;
    for (const [name, count] of Object.entries(result.coverage)) coverage.set(name, coverage.get(name)! + count);
    if (result.violation !== null) {
      violations += 1;
      options.broken?.(result.violation, index);
      options.failed(await recordFailure({ config, seed, schedule }, result.violation, budgetOf(options.shrink)));
    }
    index += share.of;
    options.progress(runs, simulatedMs / 1000, violations);
  }
  const simulatedSeconds = simulatedMs / 1000;
  return {
    runs,
    simulatedSeconds,
    wallSeconds: Math.round(performance.now() - beganMs) / 1000,
    events,
    operations,
    violations,
    takenTwice,
    diverged,
    searched,
    coverage: Object.fromEntries(coverage),
    missed: missedBy(coverage, simulatedSeconds, options),
  };
}

function budgetOf(shrink: CampaignShrink): ShrinkBudget {
  const { runsMax, cpuMsMax = Infinity, calm = true, progress = () => undefined } = shrink;
  const beganMs = cpuMs();
  return { runsMax, calm, progress, isOver: () => cpuMs() - beganMs >= cpuMsMax };
}

/** CPU time that this process has taken. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
