import {
  createEngine,
  type Durable,
  type DurableRecord,
  type EngineConfig,
  ENGINE_DEFAULTS,
  type Engine,
  type Entry,
  type Governing,
  type Members,
  type Message,
  MAJORITY,
  type Output,
  roundOf,
  SLOT_MAX,
  type Speaker,
} from "@quorate/paxos";
import { configOf, emptyDurable, incarnationOf, keep, member } from "./cluster.ts";
import { Ghost } from "./ghost.ts";

/** What a run is made of, besides its steps; plain data. */
export interface Setup {
  /** Voters that the group is formed with: 1 … 5. */
  readonly voters: number;
  /** Further nodes, that a change may bring in. */
  readonly spare: number;
  readonly leaseMs: number;
  /** Whether the clocks run 2 % slower and faster than real time. */
  readonly drifts: boolean;
  /** Fewer entries in a message make more pages. */
  readonly messageEntriesMax: number;
  readonly windowSlots: number;
  /** Whether the disk of the first node may lose a record. */
  readonly damages: boolean;
  readonly seed: number;
}

export const OPERATIONS = [
  "flow",
  "tick",
  "deliver",
  "duplicate",
  "drop",
  "sync",
  "propose",
  "campaign",
  "crash",
  "restart",
  "cut",
  "heal",
  "read",
  "change",
  "checkpoint",
  "transfer",
  "suspect",
  "damage",
  "wipe",
] as const;

/** One step: numbers are taken modulo what there is, so that no step dangles when others go. */
export interface Step {
  readonly operation: (typeof OPERATIONS)[number];
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

interface Snapshot {
  readonly kind: "snapshot";
  readonly slot: number;
  readonly governing: Governing;
}

interface InFlight {
  readonly from: Speaker;
  readonly to: number;
  readonly message: Message | Snapshot;
}

interface WorldNode {
  readonly id: number;
  incarnation: number;
  /** It said that it is no longer needed: its disk may go. */
  removed: boolean;
  engine: Engine;
  durable: Durable;
  /** Records handed to the disk, not synced: one list per write. */
  pending: { readonly seq: number; readonly records: readonly DurableRecord[] }[];
  /** Entries that this disk held before the present ones, by slot. */
  readonly older: Map<number, Entry>;
  readonly log: Map<number, Entry>;
  governing: Governing;
  opening: number;
  leader: number;
  chosenTo: number;
  up: boolean;
  unit: number;
  life: number;
  rate: number;
  tickedMs: number;
}

/** Rounds of ballots that may pass until everything is mended: messages from before may each cost one (K2). */
const ROUNDS_MAX = 6;

/** A number below 2^32 that depends on nothing but its arguments. */
export function keyed(...parts: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    hash = Math.imul(hash ^ part, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/** Engines over a network that delivers in any order, disks that lose what was not synced, and a ghost that watches. */
export class World {
  readonly nodes: WorldNode[] = [];
  readonly ghost: Ghost;
  wire: InFlight[] = [];
  nowMs = 0;
  readonly trace: string[] = [];
  private readonly setup: Setup;
  /** The set that the group was formed with. */
  private readonly formed: Members;
  private readonly cuts = new Set<string>();
  private batches = 0;
  private highest = 0;
  private reads = 0;
  private syncsAtOnce = false;

  constructor(setup: Setup) {
    this.setup = setup;
    const members = this.membersOf(Array.from({ length: setup.voters }, (_, index) => index + 1));
    this.formed = members;
    this.ghost = new Ghost(members);
    for (let id = 1; id <= setup.voters + setup.spare; id++) {
      const durable = emptyDurable(members);
      const rate = setup.drifts ? [1, 1.02, 0.98][id % 3]! : 1;
      const node: WorldNode = {
        id,
        incarnation: incarnationOf(id),
        removed: false,
        engine: createEngine(this.configOf(id, 1), durable),
        durable,
        pending: [],
        older: new Map<number, Entry>(),
        log: new Map<number, Entry>(),
        governing: durable.governing[0]!,
        opening: 0,
        leader: 0,
        chosenTo: 0,
        up: true,
        unit: 0,
        life: 1,
        rate,
        tickedMs: -1,
      };
      this.nodes.push(node);
      this.ghost.started(member(id), 1, durable);
    }
    for (const node of this.nodes) this.turn(node, () => {});
  }

  step({ operation, a, b, c }: Step): void {
    const node = this.nodes[a % this.nodes.length]!;
    switch (operation) {
      case "flow":
        return this.flow(1 + (a % 12), b, c);
      case "tick":
        this.pass([1, 10, 60, 160, 350, 700][a % 6]!);
        return;
      case "deliver":
      case "duplicate": {
        if (this.wire.length === 0) return;
        const index = a % this.wire.length;
        const flying = this.wire[index]!;
        if (operation === "deliver") this.wire.splice(index, 1);
        return this.arrive(flying);
      }
      case "drop":
        if (this.wire.length > 0) this.wire.splice(a % this.wire.length, 1 + (b % 4));
        return;
      case "sync":
        return this.sync(node, 1 + (b % 4));
      case "propose": {
        const open = this.nodes.filter((one) => one.up && one.opening > 0);
        if (open.length === 0) return;
        for (let count = 0; count <= c % 4; count++) this.propose(open[a % open.length]!);
        return;
      }
      case "campaign":
        if (node.up) this.turn(node, () => node.engine.campaignNow());
        return;
      case "crash":
        return this.crash(node, b);
      case "restart":
        return this.restart(node);
      case "cut": {
        const other = this.nodes[b % this.nodes.length]!;
        this.cuts.add(`${node.id} ${other.id}`);
        if (c % 3 === 0) this.cuts.add(`${other.id} ${node.id}`);
        if (c % 7 === 0) {
          for (const one of this.nodes) {
            this.cuts.add(`${node.id} ${one.id}`);
            this.cuts.add(`${one.id} ${node.id}`);
          }
        }
        return;
      }
      case "heal":
        this.cuts.clear();
        return;
      case "read":
        for (const one of this.nodes) {
          if (!one.up || (one !== node && one.opening === 0)) continue;
          this.read(one, false);
          this.read(one, true);
        }
        return;
      case "change": {
        // What a bad sector leaves readable on one of three disks is a matter of luck, if the set may shrink to that one.
        if (this.setup.damages) return;
        const open = this.nodes.filter((one) => one.up && one.opening > 0);
        if (open.length > 0) this.change(open[a % open.length]!, b, c);
        return;
      }
      case "checkpoint":
        if (node.up) this.checkpoint(node);
        return;
      case "transfer": {
        const open = this.nodes.find((one) => one.up && one.opening > 0);
        if (open !== undefined) this.turn(open, () => open.engine.transferTo(node.id));
        return;
      }
      case "suspect":
        for (const one of this.nodes) if (one.up && one !== node) this.turn(one, () => one.engine.suspect(node.id));
        return;
      case "damage":
        return this.damage(b, c);
      case "wipe":
        return this.wipe(this.nodes.find((one) => one.removed) ?? node);
    }
  }

  /** Everything is mended, and time passes: a leader must open, and everybody must come to know the same (K1). */
  heal(): void {
    this.cuts.clear();
    this.syncsAtOnce = true;
    const before = roundOf(this.highest);
    for (const node of this.nodes) if (!node.up) this.restart(node);
    for (const node of this.nodes) this.sync(node, Infinity);
    let lastOpen = 0;
    let proposed = 0;
    let answer = "";
    let chosenBefore = 0;
    for (let waited = 0; waited < 12_000; waited += 10) {
      this.pass(10);
      this.settle();
      const voters = this.voters();
      const open = voters.filter((node) => node.opening > 0);
      lastOpen = open.length === 1 ? lastOpen + 1 : 0;
      if (lastOpen > 20 && proposed < 3 && open[0]!.chosenTo >= chosenBefore) {
        const next = open[0]!.chosenTo + 1;
        answer = this.propose(open[0]!);
        if (answer === "taken") {
          proposed++;
          chosenBefore = next;
        }
      }
      const top = Math.max(...voters.map((node) => node.chosenTo));
      if (proposed === 3 && top >= chosenBefore && voters.every((node) => node.chosenTo === top)) {
        this.ghost.whole();
        const rounds = roundOf(this.highest) - before;
        if (rounds > ROUNDS_MAX) throw new Error(`K2: ${rounds} rounds of ballots after everything was mended`);
        return;
      }
    }
    const state = this.nodes.map(
      (node) => `${node.id}: chosenTo ${node.chosenTo}, opening ${node.opening}, leader ${node.leader}`,
    );
    throw new Error(`K1: no convergence: ${proposed} proposed, then "${answer}", ${state.join("; ")}`);
  }

  private voters(): WorldNode[] {
    const last = this.nodes.reduce((one, other) => (other.governing.slot > one.governing.slot ? other : one));
    return last.governing.members.voters.map((voter) => this.nodes[voter.node - 1]!);
  }

  private membersOf(nodes: readonly number[]): Members {
    const voters = nodes.map((node) => ({ ...member(node), incarnation: this.incarnationOf(node) }));
    return { voters, nonVoters: [], quorum: MAJORITY, leaseMs: this.setup.leaseMs };
  }

  private incarnationOf(id: number): number {
    return this.nodes[id - 1]?.incarnation ?? incarnationOf(id);
  }

  private configOf(id: number, life: number): EngineConfig {
    const { messageEntriesMax, windowSlots, seed } = this.setup;
    return configOf(id, life, {
      incarnation: this.incarnationOf(id),
      seed,
      limits: { ...ENGINE_DEFAULTS.limits, messageEntriesMax, windowSlots },
    });
  }

  /** One turn of a node: the clock is read, the input given, the output taken. */
  private turn(node: WorldNode, input: () => void): void {
    const nowMs = this.nowMs * node.rate;
    if (nowMs > node.tickedMs) {
      node.tickedMs = nowMs;
      node.engine.tick(nowMs);
    }
    input();
    this.take(node);
  }

  private take(node: WorldNode): void {
    for (let again = true; again;) {
      const out = node.engine.output();
      this.ghost.output(node.id, out, node.tickedMs);
      node.opening = out.opening;
      node.leader = out.leader;
      node.governing = out.governing;
      for (const event of out.events) {
        if (event.kind === "ballot-raised") this.highest = Math.max(this.highest, event.ballot);
        if (event.kind === "removed") node.removed = true;
        if (event.kind === "members-changed") node.removed = false;
        if (event.kind !== "ignored") this.ghost.met(event.kind);
        if (this.tracing && event.kind !== "ignored") this.trace.push(`  ${node.id}: ${JSON.stringify(event)}`);
      }
      for (const entry of out.chosen) node.log.set(entry.slot, entry);
      if (out.records.length > 0) node.pending.push({ seq: out.seq, records: out.records });
      if (this.tracing) for (const record of out.records) this.trace.push(`  ${node.id} records ${show(record)}`);
      for (const { to, message } of out.sends) {
        for (const one of to) this.wire.push({ from: out.speaker, to: one, message });
        if (this.tracing && message.kind !== "heartbeat" && message.kind !== "heartbeat-answer")
          this.trace.push(`  ${node.id} → ${to.join()} ${show(message)}`);
      }
      for (const { to, slotFrom } of out.supply) this.supply(node, out, to, slotFrom);
      again = out.chosenTo > node.chosenTo || out.chosen.length > 0;
      node.chosenTo = out.chosenTo;
      if (again) node.engine.applied(out.chosenTo);
    }
    if (this.syncsAtOnce) this.sync(node, Infinity);
  }

  tracing = false;

  private supply(node: WorldNode, out: Output, to: number, slotFrom: number): void {
    const entries: Entry[] = [];
    const floors: number[] = [];
    for (let slot = slotFrom; slot <= out.chosenTo && entries.length < this.setup.messageEntriesMax; slot++) {
      const entry = node.log.get(slot);
      if (entry === undefined || slot <= node.durable.base) break;
      if (entry.kind === "members") {
        const known = node.durable.governing.find((set) => set.slot === slot);
        if (known === undefined) break;
        floors.push(known.floor);
      }
      entries.push(entry);
    }
    if (entries.length > 0) {
      this.wire.push({ from: out.speaker, to, message: { kind: "learn", entries, floors, chosenTo: out.chosenTo } });
    } else if (node.durable.base >= slotFrom) {
      const slot = node.durable.base;
      const governing = node.durable.governing.filter((set) => set.slot <= slot).pop()!;
      this.wire.push({ from: out.speaker, to, message: { kind: "snapshot", slot, governing } });
    }
  }

  private arrive({ from, to, message }: InFlight): void {
    const node = this.nodes[to - 1];
    if (node === undefined || !node.up || this.cuts.has(`${from.node} ${to}`)) return;
    if (this.tracing && message.kind !== "heartbeat" && message.kind !== "heartbeat-answer")
      this.trace.push(`${to} receives ${show(message)} of ${from.node}`);
    if (message.kind !== "snapshot") {
      this.ghost.delivered(to, from, message);
      this.turn(node, () => node.engine.receive(from, message));
      return;
    }
    if (message.slot <= node.chosenTo) return;
    this.ghost.met("snapshot installed");
    const { slot, governing } = message;
    this.sync(node, Infinity);
    node.durable = this.covered(node.durable, slot, governing);
    node.chosenTo = slot;
    this.ghost.covered(to, slot, true);
    this.turn(node, () => node.engine.installed(slot, governing));
  }

  private covered(durable: Durable, slot: number, governing: Governing): Durable {
    const later = durable.governing.filter((set) => set.slot > slot);
    const faulty = durable.faulty.filter((one) => one > slot);
    return {
      ...durable,
      base: slot,
      governing: [governing, ...later],
      accepted: durable.accepted.filter((entry) => entry.slot > slot),
      chosenTo: Math.max(durable.chosenTo, slot),
      faulty,
    };
  }

  private checkpoint(node: WorldNode): void {
    const slot = node.chosenTo;
    if (slot <= node.durable.base || node.durable.faulty.some((one) => one <= slot)) return;
    this.sync(node, Infinity);
    const governing = node.durable.governing.filter((set) => set.slot <= slot).pop()!;
    node.durable = this.covered(node.durable, slot, governing);
    this.ghost.covered(node.id, slot, false);
    this.turn(node, () => node.engine.checkpointed(slot));
  }

  private sync(node: WorldNode, most: number): void {
    if (!node.up) return;
    while (node.pending.length > 0) {
      const some = node.pending.splice(0, Math.min(most, node.pending.length));
      node.unit++;
      for (const { records } of some) for (const record of records) this.write(node, record);
      node.durable = { ...node.durable, unit: node.unit };
      this.turn(node, () => node.engine.persisted(some[some.length - 1]!.seq, node.unit));
      if (most !== Infinity) return;
    }
  }

  private write(node: WorldNode, record: DurableRecord): void {
    if (record.kind === "accepted") {
      const old = node.durable.accepted.find((entry) => entry.slot === record.entry.slot);
      if (old !== undefined) node.older.set(old.slot, old);
    }
    const { base } = node.durable;
    node.durable = keep(node.durable, record);
    if (record.kind === "accepted" && record.entry.slot <= base)
      node.durable = { ...node.durable, accepted: node.durable.accepted.filter((entry) => entry.slot > base) };
    if (record.kind === "members") {
      const first = Math.max(...node.durable.governing.map((set) => (set.slot <= base ? set.slot : 0)));
      const governing = node.durable.governing
        .filter((set) => set.slot >= first)
        .sort((one, other) => one.slot - other.slot);
      node.durable = { ...node.durable, governing };
    }
    this.ghost.synced(node.id, record);
  }

  /** What was not synced is lost; a part of it, in order, may have reached the disk all the same. */
  private crash(node: WorldNode, luck: number): void {
    if (!node.up) return;
    const records = node.pending.flatMap((one) => one.records);
    const kept = records.slice(0, luck % 2 === 0 ? 0 : luck % (records.length + 1));
    if (kept.length > 0) node.unit++;
    for (const record of kept) this.write(node, record);
    node.durable = { ...node.durable, unit: node.unit };
    node.pending = [];
    node.up = false;
    node.opening = 0;
  }

  private restart(node: WorldNode): void {
    if (node.up) this.crash(node, 0);
    node.life++;
    node.up = true;
    node.log.clear();
    node.chosenTo = node.durable.base;
    node.engine = createEngine(this.configOf(node.id, node.life), node.durable);
    this.ghost.started({ ...member(node.id), incarnation: node.incarnation }, node.life, node.durable);
    this.turn(node, () => {});
    node.tickedMs = this.nowMs * node.rate;
  }

  /** A node that was removed comes back with an empty disk, as another incarnation (rule 14). */
  private wipe(node: WorldNode): void {
    if (!node.removed) return;
    this.crash(node, 0);
    node.removed = false;
    node.incarnation += 100;
    node.durable = emptyDurable(this.formed);
    node.older.clear();
    node.unit = 0;
    this.restart(node);
    this.ghost.met("wiped disk");
  }

  /** The newest record of a slot of node 1 is unreadable from now on; an older one of the slot may still be readable. */
  private damage(which: number, older: number): void {
    const node = this.nodes[0]!;
    if (!this.setup.damages || this.setup.voters < 3 || node.durable.accepted.length === 0) return;
    this.crash(node, 0);
    const entry =
      node.durable.accepted[node.durable.accepted.length - 1 - (which % Math.min(4, node.durable.accepted.length))]!;
    const left = older % 2 === 0 ? (node.older.get(entry.slot) ?? null) : null;
    const accepted = node.durable.accepted.filter((one) => one !== entry);
    if (left !== null) accepted.push(left);
    node.durable = {
      ...node.durable,
      accepted: accepted.sort((one, other) => one.slot - other.slot),
      faulty: [...new Set([...node.durable.faulty, entry.slot])].sort((one, other) => one - other),
      faultyFrom: older % 5 === 0 ? Math.min(node.durable.faultyFrom, entry.slot) : node.durable.faultyFrom,
    };
    this.ghost.damaged(node.id, entry.slot, left);
  }

  /** Real time passes, in steps of at most 10 ms. */
  private pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs = Math.min(endMs, this.nowMs + 10);
      for (const node of this.nodes) if (node.up) this.turn(node, () => {});
    }
  }

  /** Messages and disks go on for some rounds, each with its own luck. */
  private flow(rounds: number, luck: number, slow: number): void {
    const { seed } = this.setup;
    const lossPercent = [0, 0, 10, 30, 60][luck % 5]!;
    const slowNode = slow % (this.nodes.length * 2);
    for (let round = 0; round < rounds; round++) {
      this.pass(5);
      const flying = this.wire;
      this.wire = [];
      flying.forEach((one, index) => {
        const chance = keyed(seed, luck, slow, round, index) % 100;
        if (chance < lossPercent) {
          if (chance % 2 === 0) this.wire.push(one);
        } else this.arrive(one);
      });
      for (const node of this.nodes) {
        if (node.id - 1 === slowNode || keyed(seed, slow, round, node.id) % 100 < lossPercent) continue;
        this.sync(node, Infinity);
      }
    }
  }

  private settle(): void {
    for (let count = 0; this.wire.length > 0; count++) {
      if (count > 20_000) throw new Error("K3: the nodes talk without end");
      this.arrive(this.wire.shift()!);
    }
  }

  private propose(node: WorldNode): string {
    const batch = new TextEncoder().encode(`b${++this.batches}`);
    this.ghost.submit(batch);
    let proposed = "";
    this.turn(node, () => {
      proposed = node.engine.propose(node.opening, batch);
    });
    return proposed;
  }

  private read(node: WorldNode, lease: boolean): void {
    const token = ++this.reads;
    this.ghost.asked(node.id, node.life, token);
    this.turn(node, () => node.engine.read(token, lease));
  }

  /** Any set of one to three nodes, some of them without a vote; at times with another lease. */
  private change(node: WorldNode, which: number, more: number): void {
    const ids = this.nodes.map((one) => one.id);
    const voters = ids.filter((id) => keyed(which, id) % 2 === 0);
    if (voters.length === 0) voters.push(ids[which % ids.length]!);
    const leaseMs = more % 4 === 0 ? [0, 100, 250][which % 3]! : this.setup.leaseMs;
    const target = { ...this.membersOf(voters), leaseMs };
    this.turn(node, () => node.engine.changeMembers(target));
  }
}

function show(what: Message | Snapshot | DurableRecord): string {
  return JSON.stringify(what, (key, value: unknown) => {
    if (value instanceof Uint8Array)
      return Buffer.from(value)
        .toString("latin1")
        .replace(/[^ -~]/g, "");
    if ((key === "ballot" || key === "promised" || key === "origin") && typeof value === "number")
      return `${Math.floor(value / 1024)}.${value % 1024}`;
    return value === SLOT_MAX ? "max" : value;
  });
}
