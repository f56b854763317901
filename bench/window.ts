import {
  createEngine,
  emptyDurable,
  type Engine,
  ENGINE_DEFAULTS,
  MAJORITY,
  type Members,
  type Message,
  type Output,
  type Speaker,
} from "@quorate/paxos";

/** One size of the window. */
export interface WindowLine {
  readonly windowSlots: number;
  /** Slots chosen a second of virtual time, by round trip in milliseconds. What is offered: a slot each turn. */
  readonly slotsPerSecond: Readonly<Record<string, number>>;
  /** What a new leader has to propose again after a leader fell away with a full window, and what that costs a processor. */
  readonly recovery: { readonly slots: number; readonly bytes: number; readonly cpuMs: number };
}

const NODES = [1, 2, 3];
const SIZES = [1, 4, 16, 64, 256, 1_024];
const ROUND_TRIPS_MS = [1, 10, 50, 100];
/** A turn of the host: what arrived meanwhile is one batch, and so one slot. */
const TURN_MS = 0.5;
/** A sync of any disk; what is recorded meanwhile waits for the next one. */
const SYNC_MS = 1;
const SECONDS = 2;

/**
 * What the window of slots in flight is worth: three engines in virtual time, links of a given round trip, disks of 1 ms a
 * sync, a batch offered each 0.5 ms. Only the recovery is timed; all else comes out the same on every machine.
 */
export function windowLines(valueBytes: number): WindowLine[] {
  return SIZES.map((windowSlots) => ({
    windowSlots,
    slotsPerSecond: Object.fromEntries(
      ROUND_TRIPS_MS.map((roundTripMs) => [roundTripMs, new Trio(windowSlots, roundTripMs, valueBytes).rate(SECONDS)]),
    ),
    recovery: recoveryOf(windowSlots, valueBytes),
  }));
}

interface Replica {
  readonly node: number;
  readonly engine: Engine;
  /** Handed out, waiting for the next sync. */
  unsynced: number;
  syncing: boolean;
  unit: number;
  opening: number;
}

class Trio {
  readonly replicas: readonly Replica[];
  private readonly oneWayMs: number;
  private readonly batch: Uint8Array;
  private nowMs = 0;
  /** What happens later, by half milliseconds. */
  private readonly later = new Map<number, (() => void)[]>();
  chosen = 0;

  constructor(windowSlots: number, roundTripMs: number, valueBytes: number) {
    this.oneWayMs = roundTripMs / 2;
    this.batch = new Uint8Array(valueBytes);
    this.replicas = NODES.map((node) => ({
      node,
      engine: newEngine(node, windowSlots),
      unsynced: 0,
      syncing: false,
      unit: 0,
      opening: 0,
    }));
    for (const { engine } of this.replicas) engine.tick(0);
    this.leader.engine.campaignNow();
    this.take(this.leader);
    while (this.leader.opening === 0) this.turn(false);
  }

  private get leader(): Replica {
    return this.replicas[0]!;
  }

  rate(seconds: number): number {
    for (let warmMs = 0; warmMs < 1_000; warmMs += TURN_MS) this.turn(true);
    const before = this.chosen;
    for (let ms = 0; ms < seconds * 1_000; ms += TURN_MS) this.turn(true);
    return Math.round((this.chosen - before) / seconds);
  }

  private turn(offer: boolean): void {
    this.nowMs += TURN_MS;
    const due = this.later.get(this.nowMs);
    this.later.delete(this.nowMs);
    for (const one of due ?? []) one();
    for (const replica of this.replicas) {
      replica.engine.tick(this.nowMs);
      if (offer && replica === this.leader) replica.engine.propose(replica.opening, this.batch);
      this.take(replica);
    }
  }

  private after(ms: number, action: () => void): void {
    const atMs = this.nowMs + Math.max(TURN_MS, ms);
    const there = this.later.get(atMs);
    if (there === undefined) this.later.set(atMs, [action]);
    else there.push(action);
  }

  private take(replica: Replica): void {
    const { engine } = replica;
    const out = engine.output();
    replica.opening = out.opening;
    for (const { to, message } of out.sends) for (const node of to) this.send(out.speaker, node, message);
    if (out.records.length > 0) {
      replica.unsynced = out.seq;
      this.sync(replica);
    }
    if (out.chosen.length === 0) return;
    if (replica === this.leader) this.chosen += out.chosen.length;
    engine.applied(out.chosenTo);
    this.take(replica);
  }

  private send(from: Speaker, to: number, message: Message): void {
    const replica = this.replicas[to - 1]!;
    this.after(this.oneWayMs, () => replica.engine.receive(from, message));
  }

  private sync(replica: Replica): void {
    if (replica.syncing || replica.unsynced === 0) return;
    const seq = replica.unsynced;
    replica.syncing = true;
    replica.unsynced = 0;
    this.after(SYNC_MS, () => {
      replica.syncing = false;
      replica.engine.persisted(seq, ++replica.unit);
      this.sync(replica);
    });
  }
}

/** A leader's window is full, both others hold all of it and nobody knows that; then it falls away, and one of the others leads. */
function recoveryOf(windowSlots: number, valueBytes: number): WindowLine["recovery"] {
  const engines = new Map(NODES.map((node) => [node, newEngine(node, windowSlots)]));
  const units = new Map(NODES.map((node) => [node, 0]));
  let reached: readonly number[] = NODES;
  /** Whether what a node says arrives. */
  let heard: (from: number) => boolean = () => true;
  let [slots, bytes, opening] = [0, 0, 0];

  const take = (node: number): void => {
    const engine = engines.get(node)!;
    for (;;) {
      const out: Output = engine.output();
      if (node !== 3) opening = Math.max(opening, out.opening);
      for (const { to, message } of out.sends) {
        if (message.kind === "accept" && node === 2) {
          slots += message.entries.length;
          for (const entry of message.entries) bytes += entry.bytes.length;
        }
        for (const receiver of to) {
          if (!reached.includes(receiver) || !reached.includes(node) || !heard(node)) continue;
          engines.get(receiver)!.receive(out.speaker, message);
          take(receiver);
        }
      }
      if (out.records.length > 0) {
        units.set(node, units.get(node)! + 1);
        engine.persisted(out.seq, units.get(node)!);
      }
      if (out.chosen.length > 0) engine.applied(out.chosenTo);
      if (out.records.length === 0 && out.chosen.length === 0) return;
    }
  };

  for (const engine of engines.values()) engine.tick(0);
  engines.get(1)!.campaignNow();
  take(1);
  heard = (from) => from === 1;
  const batch = new Uint8Array(valueBytes);
  while (engines.get(1)!.propose(opening, batch) === "taken") take(1);
  reached = [2, 3];
  heard = () => true;
  [slots, bytes, opening] = [0, 0, 0];
  const started = process.cpuUsage();
  engines.get(2)!.campaignNow();
  take(2);
  const { user, system } = process.cpuUsage(started);
  if (opening === 0) throw new Error("the second node did not open its lead");
  return { slots, bytes, cpuMs: Math.round((user + system) / 100) / 10 };
}

function newEngine(self: number, windowSlots: number): Engine {
  const voters = NODES.map((node) => ({ node, incarnation: node, zone: 0 }));
  const members: Members = { voters, nonVoters: [], quorum: MAJORITY, leaseMs: 0 };
  const limits = { ...ENGINE_DEFAULTS.limits, windowSlots };
  return createEngine(
    // Nobody else campaigns, however long the way is.
    { ...ENGINE_DEFAULTS, electionTimeoutMs: 10_000, self, incarnation: self, life: 1, seed: 1, limits },
    emptyDurable(members),
  );
}
