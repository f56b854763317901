import { ENGINE_DEFAULTS, type Members, MAJORITY, roundOf } from "@quorate/paxos";
import { member } from "./cluster.ts";
import { Lab, type LabNode } from "./lab.ts";
import { Trace } from "./trace.ts";

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
  "rival",
] as const;

/** One step: numbers are taken modulo what there is, so that no step dangles when others go. */
export interface Step {
  readonly operation: (typeof OPERATIONS)[number];
  readonly a: number;
  readonly b: number;
  readonly c: number;
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

/** A lab in which steps of all kinds come in any order, and that is mended at the end. */
export class World extends Lab {
  private readonly setup: Setup;
  private batches = 0;
  private reads = 0;

  constructor(setup: Setup) {
    const { leaseMs, messageEntriesMax, windowSlots, seed } = setup;
    super({
      members: membersOf(
        Array.from({ length: setup.voters }, (_, index) => index + 1),
        leaseMs,
      ),
      spare: Array.from({ length: setup.spare }, (_, index) => setup.voters + index + 1),
      config: { seed, limits: { ...ENGINE_DEFAULTS.limits, messageEntriesMax, windowSlots } },
      rateOf: (id) => (setup.drifts ? [1, 1.02, 0.98][id % 3]! : 1),
    });
    this.setup = setup;
  }

  /** Writes down what happens from now on. */
  traced(): Trace {
    const trace = new Trace({ heartbeats: false, messages: true });
    this.recorder = trace;
    return trace;
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
        for (let count = 0; count <= c % 4; count++) this.proposeNext(open[a % open.length]!);
        return;
      }
      case "campaign":
        if (node.up) this.turn(node, () => node.engine.campaignNow());
        return;
      case "crash":
        return this.crashWithLuck(node, b);
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
          this.read(one, ++this.reads, false);
          this.read(one, ++this.reads, true);
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
      case "rival":
        return this.rival(node, b, c);
      case "damage":
        return this.damageFirst(b, c);
      case "wipe":
        return this.wipe(this.nodes.find((one) => one.removed) ?? node);
    }
  }

  /** Everything is mended, and time passes: a leader must open, and everybody must come to know the same (K1). */
  heal(): void {
    this.cuts.clear();
    for (const node of this.nodes) node.syncs = true;
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
        answer = this.proposeNext(open[0]!);
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

  private voters(): LabNode[] {
    const last = this.nodes.reduce((one, other) => (other.governing.slot > one.governing.slot ? other : one));
    return last.governing.members.voters.map((voter) => this.nodes[voter.node - 1]!);
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

  /** `node` campaigns, is promised, and some of the others vote for what it proposes: mostly a ballot that ends in a minority. */
  private rival(node: LabNode, hearers: number, luck: number): void {
    if (!node.up) return;
    this.turn(node, () => node.engine.campaignNow());
    this.sync(node, Infinity);
    this.deliver(({ from, message }) => from.node === node.id && message.kind === "prepare");
    for (const one of this.nodes) this.sync(one, Infinity);
    this.deliver(({ to, message }) => to === node.id && message.kind === "promise");
    const hears = (id: number): boolean => keyed(hearers, id) % 3 === 0;
    this.deliver(({ from, to, message }) => from.node === node.id && message.kind === "accept" && hears(to));
    for (const one of this.nodes) if (hears(one.id) || luck % 2 === 0) this.sync(one, Infinity);
  }

  private proposeNext(node: LabNode): string {
    return this.propose(node, node.opening, `b${++this.batches}`)[0]!;
  }

  /** A part of what was not synced, in order, may have reached the disk all the same. */
  private crashWithLuck(node: LabNode, luck: number): void {
    const records = node.pending.flatMap((one) => one.records).length;
    this.crash(node, luck % 2 === 0 ? 0 : luck % (records + 1));
  }

  /** The newest record of one of the last slots of node 1. */
  private damageFirst(which: number, older: number): void {
    const node = this.nodes[0]!;
    const { accepted } = node.durable;
    if (!this.setup.damages || this.setup.voters < 3 || accepted.length === 0) return;
    const entry = accepted[accepted.length - 1 - (which % Math.min(4, accepted.length))]!;
    this.damage(node, entry.slot, older % 2 === 0, older % 5 === 0);
  }

  /** Any set of one to three nodes, some of them without a vote; at times with another lease. */
  private change(node: LabNode, which: number, more: number): void {
    const ids = this.nodes.map((one) => one.id);
    const voters = ids.filter((id) => keyed(which, id) % 2 === 0);
    if (voters.length === 0) voters.push(ids[which % ids.length]!);
    const leaseMs = more % 4 === 0 ? [0, 100, 250][which % 3]! : this.setup.leaseMs;
    const target = membersOf(voters, leaseMs);
    const voting = target.voters.map((voter) => ({ ...voter, incarnation: this.node(voter.node).incarnation }));
    this.turn(node, () => node.engine.changeMembers({ ...target, voters: voting }));
  }
}

function membersOf(nodes: readonly number[], leaseMs: number): Members {
  return { voters: nodes.map((node) => member(node)), nonVoters: [], quorum: MAJORITY, leaseMs };
}
