import {
  emptyDurable,
  type Ballot,
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
  type Output,
  type Proposed,
  type Speaker,
} from "@quorate/paxos";
import { configOf, incarnationOf, keep, member } from "./cluster.ts";
import { Ghost } from "./ghost.ts";

/** How many slots a loss of unknown records may reach, in these schedules. */
const SLOTS_OPEN = 12;

/** What a host sends where its log no longer has the entries. */
export interface Snapshot {
  readonly kind: "snapshot";
  readonly slot: number;
  readonly governing: Governing;
}

/** A message on its way. */
export interface Flying {
  readonly from: Speaker;
  readonly to: number;
  readonly message: Message | Snapshot;
}

/** One node: its engine, its disk, and what its host knows. */
export interface LabNode {
  readonly id: number;
  incarnation: number;
  /** It said that it is no longer needed: its disk may go. */
  removed: boolean;
  engine: Engine;
  durable: Durable;
  /** Whether what it hands to its disk is durable at once. */
  syncs: boolean;
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
  /** Of its clock, against real time. */
  rate: number;
  tickedMs: number;
}

export interface LabSetup {
  /** The set that the group is formed with. */
  readonly members: Members;
  /** Further nodes, that a change may bring in. */
  readonly spare: readonly number[];
  readonly config: Partial<EngineConfig>;
  readonly rateOf: (node: number) => number;
}

/** A lab whose disks sync at once, with right clocks. */
export function labOf(members: Members, more: Partial<LabSetup> = {}): Lab {
  const lab = new Lab({ members, spare: [], config: {}, rateOf: () => 1, ...more });
  for (const node of lab.nodes) node.syncs = true;
  return lab;
}

/** Whoever writes down what happens. */
export interface Recorder {
  arrives(flying: Flying): void;
  outputs(node: LabNode, out: Output): void;
  sends(flying: Flying): void;
}

/**
 * Engines over a wire that holds every message until it is told to deliver it, disks that lose what was not synced, and a
 * ghost that watches: what random schedules and written scenarios are played on.
 */
export class Lab {
  readonly nodes: LabNode[] = [];
  readonly ghost: Ghost;
  wire: Flying[] = [];
  nowMs = 0;
  /** One way each: `from to`. */
  readonly cuts = new Set<string>();
  /** The highest ballot that anybody raised. */
  highest = 0;
  recorder: Recorder | null = null;
  private readonly config: Partial<EngineConfig>;
  private readonly formed: Members;

  constructor({ members, spare, config, rateOf }: LabSetup) {
    this.config = config;
    this.formed = members;
    this.ghost = new Ghost(members);
    const ids = [...members.voters, ...members.nonVoters].map((one) => one.node);
    for (const id of [...ids, ...spare].sort((one, other) => one - other)) {
      const durable = emptyDurable(members);
      const node: LabNode = {
        id,
        incarnation: incarnationOf(id),
        removed: false,
        engine: createEngine(configOf(id, 1, config), durable),
        durable,
        syncs: false,
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
        rate: rateOf(id),
        tickedMs: -1,
      };
      this.nodes.push(node);
      this.ghost.started(member(id), 1, durable);
    }
    for (const node of this.nodes) this.turn(node, () => {});
  }

  /** The node with that id; the ids of a lab need not be consecutive. */
  node(id: number): LabNode {
    const node = this.nodes.find((one) => one.id === id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  /** One turn of a node: the clock is read, the input given, the output taken. */
  turn(node: LabNode, input: () => void): void {
    const nowMs = this.nowMs * node.rate;
    if (nowMs > node.tickedMs) {
      node.tickedMs = nowMs;
      node.engine.tick(nowMs);
    }
    input();
    this.take(node);
  }

  private take(node: LabNode): void {
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
      }
      for (const entry of out.chosen) node.log.set(entry.slot, entry);
      if (out.records.length > 0) node.pending.push({ seq: out.seq, records: out.records });
      this.recorder?.outputs(node, out);
      for (const { to, message } of out.sends)
        for (const one of to) this.wire.push({ from: out.speaker, to: one, message });
      for (const { to, slotFrom } of out.supply) this.supply(node, out, to, slotFrom);
      again = out.chosenTo > node.chosenTo || out.chosen.length > 0;
      node.chosenTo = out.chosenTo;
      if (again) node.engine.applied(out.chosenTo);
    }
    if (node.syncs) this.sync(node, Infinity);
  }

  private supply(node: LabNode, out: Output, to: number, slotFrom: number): void {
    const entries: Entry[] = [];
    const floors: number[] = [];
    for (let slot = slotFrom; slot <= out.chosenTo && entries.length < this.entriesMax; slot++) {
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
      this.send({ from: out.speaker, to, message: { kind: "learn", entries, floors, chosenTo: out.chosenTo } });
    } else if (node.durable.base >= slotFrom) {
      const slot = node.durable.base;
      const governing = node.durable.governing.filter((set) => set.slot <= slot).pop()!;
      this.send({ from: out.speaker, to, message: { kind: "snapshot", slot, governing } });
    }
  }

  /** The host's own. */
  private send(flying: Flying): void {
    this.wire.push(flying);
    this.recorder?.sends(flying);
  }

  private get entriesMax(): number {
    return this.config.limits?.messageEntriesMax ?? ENGINE_DEFAULTS.limits.messageEntriesMax;
  }

  /** It reaches its receiver now, unless that is down or the link is cut. */
  arrive(flying: Flying): void {
    const { from, to, message } = flying;
    const node = this.nodes.find((one) => one.id === to);
    if (node === undefined || !node.up || this.cuts.has(`${from.node} ${to}`)) return;
    this.recorder?.arrives(flying);
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

  /** A durable checkpoint covers all that is known chosen, and the log below it goes. */
  checkpoint(node: LabNode): void {
    const slot = node.chosenTo;
    if (slot <= node.durable.base || node.durable.faulty.some((one) => one <= slot)) return;
    this.sync(node, Infinity);
    const governing = node.durable.governing.filter((set) => set.slot <= slot).pop()!;
    node.durable = this.covered(node.durable, slot, governing);
    this.ghost.covered(node.id, slot, false);
    this.turn(node, () => node.engine.checkpointed(slot));
  }

  /** The oldest writes, at most `most`, are durable from now on. */
  sync(node: LabNode, most: number): void {
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

  private write(node: LabNode, record: DurableRecord): void {
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

  /** What was not synced is lost, but for the first `kept` records: these got to the disk, and nobody was told. */
  crash(node: LabNode, kept: number): void {
    if (!node.up) return;
    const left = node.pending.flatMap((one) => one.records).slice(0, kept);
    if (left.length > 0) node.unit++;
    for (const record of left) this.write(node, record);
    node.durable = { ...node.durable, unit: node.unit };
    node.pending = [];
    node.up = false;
    node.opening = 0;
  }

  restart(node: LabNode): void {
    if (node.up) this.crash(node, 0);
    node.life++;
    node.up = true;
    node.log.clear();
    node.chosenTo = node.durable.base;
    node.engine = createEngine(this.configOf(node), node.durable);
    this.ghost.started({ ...member(node.id), incarnation: node.incarnation }, node.life, node.durable);
    this.turn(node, () => {});
    node.tickedMs = this.nowMs * node.rate;
  }

  /** A node that was removed comes back with an empty disk, as another incarnation (rule 14). */
  wipe(node: LabNode): void {
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

  /** An older state of its disk stands in the place of the present one. The node is down. */
  putBack(node: LabNode, durable: Durable): void {
    this.crash(node, 0);
    node.durable = durable;
    node.unit = durable.unit;
    this.ghost.putBack(node.id, durable);
  }

  /**
   * The newest record of `slot` is unreadable from now on; an older one of that slot may still be readable. The node is down. `allAbove`: it is not
   * known what was lost, so every slot that it may have held is faulty.
   */
  damage(node: LabNode, slot: number, older: boolean, allAbove: boolean): void {
    this.crash(node, 0);
    const left = older ? (node.older.get(slot) ?? null) : null;
    const accepted = node.durable.accepted.filter((one) => one.slot !== slot);
    if (left !== null) accepted.push(left);
    const slots = allAbove ? Array.from({ length: SLOTS_OPEN }, (_, ahead) => slot + ahead) : [slot];
    node.durable = {
      ...node.durable,
      accepted: accepted.sort((one, other) => one.slot - other.slot),
      faulty: [...new Set([...node.durable.faulty, ...slots])].sort((one, other) => one - other),
    };
    this.ghost.damaged(node.id, slot, left);
  }

  /** Real time passes, in steps of at most 10 ms. */
  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs = Math.min(endMs, this.nowMs + 10);
      for (const node of this.nodes) if (node.up) this.turn(node, () => {});
    }
  }

  /** Takes from the wire what `named` names. */
  pick(named: (flying: Flying) => boolean): Flying[] {
    const picked = this.wire.filter(named);
    this.wire = this.wire.filter((flying) => !picked.includes(flying));
    return picked;
  }

  /** What `named` names, of what is on the wire now, arrives; what follows from it stays there. */
  deliver(named: (flying: Flying) => boolean): void {
    for (const flying of this.pick(named)) this.arrive(flying);
  }

  /** Delivers everything, and what follows from it. */
  settle(): void {
    for (let count = 0; this.wire.length > 0; count++) {
      if (count > 20_000) throw new Error("K3: the nodes talk without end");
      this.arrive(this.wire.shift()!);
    }
  }

  /** Gives `node` batches that were stamped for `opening`, in one turn. Returns what became of each. */
  propose(node: LabNode, opening: Ballot, ...texts: readonly string[]): Proposed[] {
    const batches = texts.map((text) => new TextEncoder().encode(text));
    for (const batch of batches) this.ghost.submit(batch);
    const answers: Proposed[] = [];
    this.turn(node, () => {
      for (const batch of batches) answers.push(node.engine.propose(opening, batch));
    });
    return answers;
  }

  read(node: LabNode, token: number, lease: boolean): void {
    this.ghost.asked(node.id, node.life, token);
    this.turn(node, () => node.engine.read(token, lease));
  }

  private configOf(node: LabNode): EngineConfig {
    return configOf(node.id, node.life, { ...this.config, incarnation: node.incarnation });
  }
}
