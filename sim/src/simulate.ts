import type { Caller, Clock, MachineDefinition, Shape } from "@quorate/machine";
import fc from "fast-check";
import type { Program, Subject, SubjectOf } from "./clients/program.ts";
import { FAULT_KINDS, type FaultKind, scheduleOf } from "./faults/schedule.ts";
import { divergenceOf } from "./report/divergence.ts";
import { recordFailure } from "./report/record-failure.ts";
import { replayRepro } from "./report/replay-repro.ts";
import type { Repro } from "./report/repro.ts";
import type { Failure } from "./report/write-failure.ts";
import { configOf } from "./faults/swarm.ts";
import { keyedBits, keyedFraction, Purpose } from "./world/keyed-random.ts";
import { runOnce } from "./world/run.ts";

/** What a client program is given beside its caller. The clocks, timers and random sources of the platform throw inside a run. */
export interface ClientTools {
  /** Different for every client that ever runs; one that dies is followed by another number. */
  readonly number: number;
  /** Of this client's machine; it drifts. */
  readonly clock: Clock;
  /** Resolves after `ms` on that clock. */
  sleep(ms: number): Promise<void>;
  /** From 0 to less than 1: the same for the same seed, client and `what`. */
  random(what: number): number;
  /** A value of a fast-check arbitrary: the same for the same seed, client and `what`. */
  draw<T>(arbitrary: fc.Arbitrary<T>, what: number): T;
  /** False once the load is over: end then. */
  isLoaded(): boolean;
  /** Something is seen that must not be: the run ends here. */
  violated(witness: string): void;
}

/** A client: an async program over a caller of production. Errors of class QuorateError are its own affair; any other ends the run as a violation. */
export type ClientProgram = (caller: Caller, tools: ClientTools) => Promise<void>;

/** What must hold at the end of each run, with everything healed and all clients done: null, or in words why it does not. */
export type UserInvariant = (caller: Caller) => Promise<string | null>;

/** What is simulated, how long and under what. */
export interface SimulateOptions<S extends Shape> {
  readonly machine: MachineDefinition<S>;
  /** Each runs as one client process. */
  readonly clients: readonly ClientProgram[];
  readonly invariants?: readonly UserInvariant[];
  /** Kinds that a run may draw. Default: all. */
  readonly faults?: readonly FaultKind[];
  /** Default 1. */
  readonly seed?: number;
  /** Runs at most; the first violation ends it. Default 100. */
  readonly seeds?: number;
  /** Simulated seconds of load in each. Default 10. */
  readonly seconds?: number;
  /** Voters. Default: drawn from the seed. */
  readonly nodes?: number;
  /** Before each run, those that make a failure small too: sets back what clients and invariants keep outside the cluster. A run may end in the middle of anything. */
  readonly begin?: () => void;
  /** One saved run instead of seed after seed, as `readRepro` reads it. `faults`, `seed`, `seeds`, `seconds` and `nodes` say nothing then. */
  readonly replay?: Repro;
}

/** What came of it. */
export interface SimulateResult {
  readonly runs: number;
  readonly simulatedSeconds: number;
  /** The first failure, made small, for `writeFailure`; null: everything held. Of a replay: how it failed now. */
  readonly failure: Failure | null;
  /** Of a replay: whether it was the saved run, to the same hash. False: other code ran, such as without the mistake. Null: nothing was replayed. */
  readonly isSame: boolean | null;
}

/** Runs that making a failure small may take. */
const SHRINK_RUNS_MAX = 400;
/** One run in so many is taken twice, the first one always. */
const TWICE_EVERY = 25;

/**
 * Simulates a state machine of your own on the replicated log of production, with your clients, under faults, seed after seed. Checked beside your
 * invariants: that all replicas agree on every result, that nothing is applied twice, that calls end honestly, that it heals; and, with the first seed and one in 25, that
 * a run that is taken twice is twice the same.
 *
 * @throws ReproError `OTHER_MACHINE` if `replay` is a run of another machine.
 */
export async function simulate<S extends Shape>(options: SimulateOptions<S>): Promise<SimulateResult> {
  const { faults = FAULT_KINDS, seed: seedFrom = 1, seeds = 100, seconds = 10, nodes = 0 } = options;
  const subject = subjectOf(options);
  const always = (): Subject => subject;
  if (options.replay !== undefined) return replayed(options.replay, always);
  const without = FAULT_KINDS.filter((kind) => !faults.includes(kind));
  let simulatedMs = 0;
  for (let runs = 1; runs <= seeds; runs++) {
    const seed = seedFrom + runs - 1;
    const config = configOf(seed, { seconds, nodes, without, plant: "none" });
    const schedule = scheduleOf(seed, config.kinds, seconds, config.gapMs);
    const failing = { config, seed, schedule };
    const { simulatedMs: ranMs, violation, hash } = await runOnce(config, seed, schedule, subject);
    simulatedMs += ranMs;
    const ended = { runs, simulatedSeconds: simulatedMs / 1000, isSame: null };
    if (violation !== null) {
      const { failure } = await recordFailure(failing, violation, { runsMax: SHRINK_RUNS_MAX }, always);
      return { ...ended, failure };
    }
    if ((runs - 1) % TWICE_EVERY !== 0 || (await runOnce(config, seed, schedule, subject)).hash === hash) continue;
    const { failure } = await divergenceOf(failing, always);
    return { ...ended, failure };
  }
  return { runs: seeds, simulatedSeconds: simulatedMs / 1000, failure: null, isSame: null };
}

async function replayed(repro: Repro, subjectOf: SubjectOf): Promise<SimulateResult> {
  const { failure, isSame, simulatedMs } = await replayRepro(repro, subjectOf);
  return { runs: 1, simulatedSeconds: simulatedMs / 1000, failure, isSame };
}

function subjectOf<S extends Shape>({
  machine,
  clients,
  invariants = [],
  begin = () => undefined,
}: SimulateOptions<S>): Subject {
  const programs = clients.map(
    (program): Program =>
      (world, client, number) =>
        program(client.caller, {
          number,
          clock: client.process.clock,
          sleep: (ms) => client.sleep(ms),
          random: (what) => keyedFraction(world.seed, Purpose.program, number, what),
          draw: (arbitrary, what) =>
            fc.sample(arbitrary, { seed: keyedBits(world.seed, Purpose.program, number, what, 1) | 0, numRuns: 1 })[0]!,
          isLoaded: () => world.isLoaded,
          violated: (witness) => world.report("U1", witness),
        }),
  );
  return {
    machines: [machine as unknown as MachineDefinition<Shape>],
    ownMachines: [],
    programs,
    sizes: [],
    begin,
    readBack: async (world, client) => {
      for (const invariant of invariants) {
        const witness = await invariant(client.caller);
        if (witness !== null) world.report("U1", witness);
      }
    },
  };
}
