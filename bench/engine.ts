import {
  createEngine,
  emptyDurable,
  type Engine,
  ENGINE_DEFAULTS,
  type Members,
  MAJORITY,
  type Output,
} from "@quorate/paxos";

/** One line of the result. */
export interface EngineRate {
  /** Slots proposed a turn, and so entries an accept. */
  readonly slotsAnAccept: number;
  readonly seconds: number;
  /** Inputs that changed the state of one of the engines: proposals, messages, syncs and applications. */
  readonly inputsPerSecond: number;
  readonly slotsPerSecond: number;
  /** The same by the processor time that this process took, its collector of garbage included: fair on a busy machine, too. */
  readonly inputsPerCpuSecond: number;
  readonly slotsPerCpuSecond: number;
}

interface Replica {
  readonly engine: Engine;
  seq: number;
  unit: number;
  chosenTo: number;
}

const NODES = [1, 2, 3];
const TICK_MS = 10;
const TURNS_A_TICK = 1_000;

/**
 * Three engines on one core, messages handed over as objects, disks that sync at once, a counter for a clock: what the
 * protocol itself costs. `bytes` a batch; `seconds` a line, after a warm-up of a third of that.
 */
export function engineRates(seconds: number, bytes: number): EngineRate[] {
  return [1, 16, 64].map((slotsAnAccept) => {
    const trio = new Trio();
    trio.run(slotsAnAccept, bytes, seconds / 3);
    return trio.run(slotsAnAccept, bytes, seconds);
  });
}

class Trio {
  private readonly replicas: readonly Replica[];
  private readonly leader: Replica;
  private opening = 0;
  private nowMs = 0;
  private inputs = 0;
  private slots = 0;

  constructor() {
    const voters = NODES.map((node) => ({ node, incarnation: node, zone: 0 }));
    const members: Members = { voters, nonVoters: [], quorum: MAJORITY, leaseMs: 0 };
    this.replicas = NODES.map((self) => ({ engine: newEngine(self, members), seq: 0, unit: 0, chosenTo: 0 }));
    this.leader = this.replicas[0]!;
    for (const { engine } of this.replicas) engine.tick(0);
    this.leader.engine.campaignNow();
    this.take(this.leader);
    if (this.opening === 0) throw new Error("the first node did not open its lead");
  }

  run(slotsAnAccept: number, bytes: number, seconds: number): EngineRate {
    const batch = new Uint8Array(bytes);
    this.inputs = 0;
    this.slots = 0;
    const startedMs = performance.now();
    const startedCpu = process.cpuUsage();
    let elapsedMs = 0;
    while (elapsedMs < seconds * 1_000) {
      for (let turn = 0; turn < TURNS_A_TICK; turn++) {
        for (let slot = 0; slot < slotsAnAccept; slot++) {
          const answer = this.leader.engine.propose(this.opening, batch);
          if (answer !== "taken") throw new Error(`a batch was answered with: ${answer}`);
          this.inputs++;
        }
        this.take(this.leader);
      }
      this.nowMs += TICK_MS;
      for (const replica of this.replicas) {
        replica.engine.tick(this.nowMs);
        this.take(replica);
      }
      elapsedMs = performance.now() - startedMs;
    }
    const behind = Math.min(...this.replicas.map(({ chosenTo }) => chosenTo));
    if (this.slots === 0 || behind < this.leader.chosenTo - slotsAnAccept)
      throw new Error(`a follower knows slots to ${behind} chosen, the leader to ${this.leader.chosenTo}`);
    const { user, system } = process.cpuUsage(startedCpu);
    const cpuMs = (user + system) / 1_000;
    return {
      slotsAnAccept,
      seconds: Math.round(elapsedMs) / 1_000,
      inputsPerSecond: Math.round((this.inputs * 1_000) / elapsedMs),
      slotsPerSecond: Math.round((this.slots * 1_000) / elapsedMs),
      inputsPerCpuSecond: Math.round((this.inputs * 1_000) / cpuMs),
      slotsPerCpuSecond: Math.round((this.slots * 1_000) / cpuMs),
    };
  }

  /** Does all that an engine wants done, at once, and what follows from it. */
  private take(replica: Replica): void {
    for (;;) {
      const out = replica.engine.output();
      replica.chosenTo = out.chosenTo;
      if (replica === this.leader) {
        this.opening = out.opening;
        this.slots += out.chosen.length;
      }
      this.deliver(out);
      const news = out.seq > replica.seq;
      if (news) {
        replica.seq = out.seq;
        replica.unit++;
        replica.engine.persisted(out.seq, replica.unit);
        this.inputs++;
      }
      if (out.chosen.length > 0) {
        replica.engine.applied(out.chosenTo);
        this.inputs++;
      }
      if (!news && out.chosen.length === 0) return;
    }
  }

  private deliver({ speaker, sends }: Output): void {
    for (const { to, message } of sends) {
      for (const node of to) {
        const receiver = this.replicas[node - 1]!;
        receiver.engine.receive(speaker, message);
        this.inputs++;
        this.take(receiver);
      }
    }
  }
}

function newEngine(self: number, members: Members): Engine {
  return createEngine({ ...ENGINE_DEFAULTS, self, incarnation: self, life: 1, seed: 1 }, emptyDurable(members));
}
