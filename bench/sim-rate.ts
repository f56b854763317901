// node --single-threaded-gc --import tsx bench/sim-rate.ts '{"seconds":60,"faults":false,"checked":true,"sessionTtlMs":10000}'
// How fast one kind of load is simulated, in a process of its own: bench/sim.ts starts one for each.
import { KV_LIMITS } from "@quorate/kv";
import { LOG_LIMITS, SNAPSHOT_DEFAULTS, WAL_DEFAULTS } from "@quorate/log";
import { ENGINE_DEFAULTS } from "@quorate/paxos";
import { configOf, FAULT_KINDS, runOnce, scheduleOf } from "@quorate/sim";

/** What is run. */
export interface SimLoad {
  /** Of load, in each run. */
  readonly seconds: number;
  /** All kinds of faults, or none. */
  readonly faults: boolean;
  /** Invariants at every step, or none. */
  readonly checked: boolean;
  /** Clients renew their sessions three times in this. */
  readonly sessionTtlMs: number;
}

/** How fast that was. */
export interface SimRate {
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
/** How often the same is run before it is measured: the platform compiles what runs most often, and goes on to for a quarter of a simulated hour. */
const WARM_UPS = 6;
/** How often the same is run to be measured: a second of one core is not much. */
const MEASURED = 5;

async function warmRate(load: SimLoad): Promise<SimRate> {
  let warmUpSeconds = 0;
  for (let time = 0; time < WARM_UPS; time++) warmUpSeconds += (await rate(load, 1)).simulatedSeconds;
  return { warmUpSeconds, ...(await rate(load, MEASURED)) };
}

/** Five replicas with ticks of 10 ms and four clients that make some 25 calls per simulated second in total; what is not told here is as production has it by default. */
async function rate(
  { seconds, faults, checked, sessionTtlMs }: SimLoad,
  times: number,
): Promise<Omit<SimRate, "warmUpSeconds">> {
  let cpuMicros = 0;
  let simulatedMs = 0;
  let events = 0;
  let operations = 0;
  for (let run = 0; run < times * RUNS; run++) {
    const seed = SEED + (run % RUNS);
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
      chunkBytes: SNAPSHOT_DEFAULTS.chunkBytes,
      snapshotBytesPerSecond: SNAPSHOT_DEFAULTS.sendBytesPerSecond,
      batchCommandsMax: LOG_LIMITS.batchCommandsMax,
      historyRevisionsMax: KV_LIMITS.historyRevisionsMax,
      sessionTtlMs,
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
    simulatedSeconds: Math.round(simulatedSeconds),
    cpuSeconds: Math.round(cpuSeconds * 100) / 100,
    simulatedSecondsPerCpuSecond: Math.round((10 * simulatedSeconds) / cpuSeconds) / 10,
    eventsPerSimulatedSecond: Math.round(events / simulatedSeconds),
    operationsPerSimulatedSecond: Math.round((10 * operations) / simulatedSeconds) / 10,
  };
}

process.stdout.write(JSON.stringify(await warmRate(JSON.parse(process.argv[2]!) as SimLoad)));
