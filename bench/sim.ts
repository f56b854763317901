import { LOG_LIMITS, WAL_DEFAULTS } from "@quorate/log";
import { ENGINE_DEFAULTS } from "@quorate/paxos";
import { configOf, FAULT_KINDS, runOnce, scheduleOf } from "@quorate/sim";

/** One line of the result. */
export interface SimRate {
  /** All kinds of faults, or none. */
  readonly faults: boolean;
  /** Invariants at every step, or none. */
  readonly checked: boolean;
  /** Of the same, made before and not counted: a process is slow until what it runs most is compiled. */
  readonly warmUpSeconds: number;
  readonly simulatedSeconds: number;
  /** Of one core: what `process.cpuUsage` says of this process. */
  readonly cpuSeconds: number;
  readonly simulatedSecondsPerCpuSecond: number;
  readonly eventsPerSimulatedSecond: number;
  readonly operationsPerSimulatedSecond: number;
}

const SEED = 1;
const RUNS = 4;
/** Simulated, in each warm-up run. From the third minute on the rate grows by little. */
const WARM_UP_SECONDS = 60;

/**
 * Five replicas with ticks of 10 ms and four clients that make some 25 calls per simulated second in total, for `seconds` of load in each run. Each
 * kind is warmed up by runs of its own, which are thrown away.
 */
export async function simRates(seconds: number): Promise<readonly SimRate[]> {
  const rates: SimRate[] = [];
  for (const faults of [false, true]) {
    for (const checked of [false, true]) {
      const warmUp = await simRate(WARM_UP_SECONDS, faults, checked);
      const rate = await simRate(seconds, faults, checked);
      rates.push({ ...rate, warmUpSeconds: warmUp.simulatedSeconds });
    }
  }
  return rates;
}

async function simRate(seconds: number, faults: boolean, checked: boolean): Promise<Omit<SimRate, "warmUpSeconds">> {
  let cpuMicros = 0;
  let simulatedMs = 0;
  let events = 0;
  let operations = 0;
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    const config = {
      ...configOf(seed, { seconds, nodes: 5, without: [], plant: "none" }),
      kinds: faults ? FAULT_KINDS : [],
      gapMs: 1500,
      spares: faults ? 2 : 0,
      kvClients: 4,
      readClients: 0,
      storeClients: 0,
      lockClients: 0,
      watchClients: 0,
      thinkMs: 160,
      checkpointEntries: 1000,
      keys: 8,
      quorum: "majority",
      leaseMs: 0,
      segmentBytes: 256 * 1024,
      valueBytes: 0,
      electionTimeoutMs: ENGINE_DEFAULTS.electionTimeoutMs,
      windowSlots: ENGINE_DEFAULTS.limits.windowSlots,
      messageEntriesMax: ENGINE_DEFAULTS.limits.messageEntriesMax,
      turnRoundsMax: LOG_LIMITS.turnRoundsMax,
      wire: false,
      sealMs: WAL_DEFAULTS.sealMs,
    } as const;
    const schedule = scheduleOf(seed, config.kinds, seconds, config.gapMs);
    const before = process.cpuUsage();
    const result = await runOnce(config, seed, schedule, undefined, [], checked);
    const { user, system } = process.cpuUsage(before);
    if (result.violation !== null) throw new Error(`seed ${seed}: ${result.violation.witness}`);
    cpuMicros += user + system;
    simulatedMs += result.simulatedMs;
    events += result.events;
    operations += result.operations;
  }
  const simulatedSeconds = simulatedMs / 1000;
  const cpuSeconds = cpuMicros / 1e6;
  return {
    faults,
    checked,
    simulatedSeconds: Math.round(simulatedSeconds),
    cpuSeconds: Math.round(cpuSeconds * 100) / 100,
    simulatedSecondsPerCpuSecond: Math.round((10 * simulatedSeconds) / cpuSeconds) / 10,
    eventsPerSimulatedSecond: Math.round(events / simulatedSeconds),
    operationsPerSimulatedSecond: Math.round((10 * operations) / simulatedSeconds) / 10,
  };
}
