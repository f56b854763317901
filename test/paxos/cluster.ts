import {
  createEngine,
  emptyDurable,
  type Engine,
  ENGINE_DEFAULTS,
  type EngineConfig,
  type Entry,
  type Durable,
  type Member,
  type Members,
  type Message,
  MAJORITY,
  type Output,
  type Speaker,
} from "@quorate/paxos";

/** The incarnation of a node's first disk in these tests. */
export const incarnationOf = (node: number): number => 1000 + node;

export const member = (node: number, zone = 0): Member => ({ node, incarnation: incarnationOf(node), zone });

export const majorityOf = (...nodes: number[]): Members => ({
  voters: nodes.map((node) => member(node)),
  nonVoters: [],
  quorum: MAJORITY,
  leaseMs: 0,
});

export const configOf = (node: number, life = 1, more: Partial<EngineConfig> = {}): EngineConfig => ({
  ...ENGINE_DEFAULTS,
  self: node,
  incarnation: incarnationOf(node),
  life,
  seed: 7,
  ...more,
});

export interface InFlight {
  readonly from: Speaker;
  readonly to: number;
  readonly message: Message;
}

/** One node under test: its engine, its disk (synced records as a `Durable`), and what it said. */
export interface Node {
  readonly id: number;
  engine: Engine;
  durable: Durable;
  readonly pending: Output[];
  readonly chosen: Entry[];
  opening: number;
  leader: number;
  readonly reads: Output["reads"][number][];
  readonly events: Output["events"][number][];
  readonly supplies: { to: number; slotFrom: number; slotTo: number }[];
  up: boolean;
  unit: number;
  life: number;
}

/** Engines over an in-memory network, one virtual clock and disks that sync when told. */
export class Cluster {
  readonly nodes = new Map<number, Node>();
  readonly wire: InFlight[] = [];
  nowMs = 0;
  /** Whether a link is cut. */
  cut: (from: number, to: number) => boolean = () => false;
  /** Whether disks sync by themselves at the end of each step. */
  syncs = true;
  /** Nodes whose disk takes records and never says that they are durable. */
  readonly stalledDisks: Set<number> = new Set<number>();
  private readonly more: Partial<EngineConfig>;

  constructor(members: Members, more: Partial<EngineConfig> = {}, extra: readonly number[] = []) {
    this.more = more;
    for (const id of [
      ...members.voters.map((voter) => voter.node),
      ...members.nonVoters.map((one) => one.node),
      ...extra,
    ]) {
      const durable = emptyDurable(members);
      this.nodes.set(id, {
        id,
        engine: createEngine(configOf(id, 1, more), durable),
        durable,
        pending: [],
        chosen: [],
        opening: 0,
        leader: 0,
        reads: [],
        events: [],
        supplies: [],
        up: true,
        unit: 0,
        life: 1,
      });
    }
  }

  node(id: number): Node {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  /** Takes what the engine wants done; records wait for `sync`. */
  take(node: Node): void {
    const out = node.engine.output();
    node.opening = out.opening;
    node.leader = out.leader;
    node.chosen.push(...out.chosen);
    node.reads.push(...out.reads);
    node.events.push(...out.events);
    node.supplies.push(...out.supply);
    if (out.records.length > 0) node.pending.push(out);
    for (const { to, message } of out.sends)
      for (const one of to) this.wire.push({ from: out.speaker, to: one, message });
    for (const { to, slotFrom } of out.supply) this.teach(node, to, slotFrom);
    if (this.syncs && !this.stalledDisks.has(node.id)) this.sync(node);
    if (node.chosen.length > 0 && node.chosen[node.chosen.length - 1]!.slot > 0 && out.chosen.length > 0) {
      node.engine.applied(out.chosenTo);
      this.take(node);
    }
  }

  private teach(node: Node, to: number, slotFrom: number): void {
    const entries = node.chosen.filter((entry) => entry.slot >= slotFrom).slice(0, 64);
    if (entries.length === 0) return;
    const floors = entries.filter((entry) => entry.kind === "members").map((entry) => this.floorAt(node, entry.slot));
    const from = {
      node: node.id,
      incarnation: incarnationOf(node.id),
      life: node.life,
      unit: node.unit,
      unitAtStart: node.unit,
    };
    this.wire.push({
      from,
      to,
      message: { kind: "learn", entries, floors, chosenTo: node.chosen[node.chosen.length - 1]!.slot },
    });
  }

  private floorAt(node: Node, slot: number): number {
    for (const event of node.events) if (event.kind === "members-changed" && event.slot === slot) return event.floor;
    return 0;
  }

  /** Everything the node handed to its disk becomes durable. */
  sync(node: Node): void {
    const outputs = node.pending.splice(0);
    if (outputs.length === 0) return;
    for (const out of outputs) for (const record of out.records) node.durable = keep(node.durable, record);
    node.unit++;
    node.durable = { ...node.durable, unit: node.unit };
    node.engine.persisted(outputs[outputs.length - 1]!.seq, node.unit);
    this.take(node);
  }

  /** Loses what was not synced. */
  crash(id: number): void {
    const node = this.node(id);
    node.up = false;
    node.pending.length = 0;
  }

  restart(id: number): void {
    const node = this.node(id);
    node.life++;
    node.chosen.length = 0;
    node.pending.length = 0;
    node.engine = createEngine(configOf(id, node.life, this.more), node.durable);
    node.up = true;
    node.engine.tick(this.nowMs);
    this.take(node);
  }

  /** Delivers everything on the wire, and what follows from it, at most `most` messages. */
  deliverAll(most = 100_000): void {
    for (let count = 0; this.wire.length > 0 && count < most; count++) this.deliver(this.wire.shift()!);
  }

  deliver({ from, to, message }: InFlight): void {
    const node = this.nodes.get(to);
    if (node === undefined || !node.up || this.cut(from.node, to)) return;
    node.engine.receive(from, message);
    this.take(node);
  }

  /** Time passes in ticks of 10 ms; everything sent is delivered at once. */
  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += 10;
      for (const node of this.nodes.values()) {
        if (!node.up) continue;
        node.engine.tick(this.nowMs);
        this.take(node);
      }
      this.deliverAll();
    }
  }

  /** The node that is open, if exactly one is. */
  leader(): Node | null {
    const open = [...this.nodes.values()].filter((node) => node.up && node.opening > 0);
    return open.length === 1 ? open[0]! : null;
  }

  /** Runs until one node is open, at most `ms`; returns it. */
  elect(ms = 5_000): Node {
    for (let waited = 0; waited < ms; waited += 10) {
      this.run(10);
      const leader = this.leader();
      if (leader !== null) return leader;
    }
    throw new Error("nobody leads");
  }

  propose(node: Node, text: string): string {
    const proposed = node.engine.propose(node.opening, new TextEncoder().encode(text));
    this.take(node);
    return proposed;
  }

  /** The batches that a node knows chosen, as text. */
  texts(id: number): string[] {
    const { chosen } = this.node(id);
    return chosen.filter((entry) => entry.kind === "batch").map((entry) => new TextDecoder().decode(entry.bytes));
  }
}

/** A disk's content after one more record. */
export function keep(durable: Durable, record: Output["records"][number]): Durable {
  switch (record.kind) {
    case "promised":
      return { ...durable, promised: record.ballot };
    case "accepted": {
      const others = durable.accepted.filter((entry) => entry.slot !== record.entry.slot);
      return {
        ...durable,
        accepted: [...others, record.entry].sort((one, other) => one.slot - other.slot),
        faulty: durable.faulty.filter((slot) => slot !== record.entry.slot),
      };
    }
    case "members":
      return {
        ...durable,
        governing: [...durable.governing.filter((one) => one.slot !== record.governing.slot), record.governing],
        chosenTo: Math.max(durable.chosenTo, record.governing.slot),
      };
    case "chosen":
      return { ...durable, chosenTo: Math.max(durable.chosenTo, record.slot) };
    case "faulty":
      return { ...durable, faulty: record.slots };
    case "heard":
      return { ...durable, heard: record.peers };
    case "lease":
      return { ...durable, leaseMsMax: record.leaseMsMax };
  }
}
