import { type DiskOperation, type FramePart, memoryNetwork, type MemoryNetwork, type PeerMessage } from "@quorate/log";
import type { Verdict } from "@quorate/check";
import { QuorateError } from "@quorate/machine";
import type { Entry, Speaker } from "@quorate/paxos";
import type { Program, Subject } from "../clients/program.ts";
import { Coverage } from "../coverage/sometimes.ts";
import { Atlas } from "../faults/atlas.ts";
import type { Fault } from "../faults/schedule.ts";
import { lastsMs, strike } from "../faults/table.ts";
import { Believers } from "../ghost/believers.ts";
import { ForcedLocks } from "../ghost/forced-locks.ts";
import { ClientHistory } from "../ghost/history.ts";
import type { InvariantId, Violation } from "../invariants/catalogue.ts";
import type { Report } from "../invariants/checker.ts";
import { Checks } from "../invariants/checks.ts";
import type { Kept } from "../invariants/liveness.ts";
import { Ambush } from "./ambush.ts";
import type { RunConfig } from "./config.ts";
import { chooseCore, leaveBehind } from "./core.ts";
import { refusalOfPeerFrame } from "./corrupt-frames.ts";
import { drain } from "./drain.ts";
import { HeardUnits } from "./heard-units.ts";
import { MembersInPlay } from "./members-in-play.ts";
import { type Arrive, INTACT, RESEND_MS, SimulatedNetwork } from "./network.ts";
import { type ObservedRun, type Observer, observersOf } from "./observer.ts";
import { Operator } from "./operator.ts";
import { RollingHash } from "./rolling-hash.ts";
import { SimulatedClient } from "./simulated-client.ts";
import { CLUSTER, SimulatedNode } from "./simulated-node.ts";
import { VirtualTime } from "./virtual-time.ts";

/** Between two looks at the status of a node. */
const LOOK_MS = 50;
/** A healed cluster must answer all calls and agree within this: longer than any call, acquisition and session lasts. */
const HEALED_MS = 40_000;
/** What a log was cut off from is gone after this, file after file, each an operation of the disk; and a command that came last is carried out. */
const REST_MS = 1000;
/** The history of one seed in so many is searched by values alone, beside each that ends with a violation. */
const SEARCH_EVERY = 10;

/** Everything that is simulated in one run. */
export class World {
  readonly config: RunConfig;
  readonly subject: Subject;
  readonly seed: number;
  readonly time: VirtualTime = new VirtualTime();
  readonly hash: RollingHash = new RollingHash();
  readonly coverage: Coverage = new Coverage();
  /** Told of everything that can be seen. */
  readonly observer: Observer;
  /** `null`: nothing is checked at every step, to measure what that costs. */
  readonly checks: Checks | null;
  readonly believers: Believers;
  readonly history: ClientHistory = new ClientHistory();
  readonly network: SimulatedNetwork;
  /** Links between nodes. */
  readonly peers: MemoryNetwork;
  /** Those that the cluster begins with, then the spare ones. */
  readonly nodes: readonly SimulatedNode[];
  /** The sets that may decide. */
  readonly members: MembersInPlay = new MembersInPlay(this.coverage);
  /** How much of each disk the others have heard. */
  readonly heard: HeardUnits = new HeardUnits();
  readonly operator: Operator;
  /** What may be lost. */
  readonly atlas: Atlas;
  /** Those that live; one that died is replaced by a new one. */
  readonly clients: SimulatedClient[] = [];
  /** A client took a step: promises may have been settled. */
  unsettled = false;
  /** Whether all clocks ran within the bound so far on which leases and beliefs rest. */
  clocksHold = true;
  /** Whether programs go on. */
  isLoaded = true;
  violation: Violation | null = null;
  /** What the full search of the clients' history said; `null`: it was not made. */
  searched: Verdict | null = null;
  readonly #programs = new Map<SimulatedClient, Program>();
  readonly #undos = new Set<() => void>();
  /** For whoever sends accepts. */
  readonly #accepts = new Ambush<{ readonly leader: SimulatedNode; readonly parts: readonly FramePart[] }>();
  /** For whoever's disk does something. */
  readonly #operations = new Ambush<{ readonly node: SimulatedNode; readonly operation: DiskOperation }>();
  #clientsMade = 0;
  #calls = 0;
  #frames = 0;
  #healed = false;
  /** The fault that strikes, by its place in the schedule. */
  #striking = 0;
  #core: readonly SimulatedNode[] = [];

  /**
   * @param observers - who else looks on; they change nothing.
   * @param checked - whether invariants are checked at every step.
   */
  constructor(
    config: RunConfig,
    seed: number,
    schedule: readonly Fault[],
    subject: Subject,
    observers: readonly Observer[],
    checked: boolean,
  ) {
    this.config = config;
    this.subject = subject;
    this.seed = seed;
    const report = (invariant: InvariantId, witness: string): void => this.report(invariant, witness);
    const machines = config.nodes + config.spares;
    const run = this.#observed(machines);
    this.checks = checked ? new Checks(CLUSTER, run, subject.ownMachines, report, this.coverage) : null;
    const forced = new ForcedLocks();
    const own = [this.members, this.heard, ...(config.lockOperations.includes("force-now") ? [forced] : [])];
    this.observer = observersOf([...(this.checks?.observers ?? []), ...own, ...observers]);
    // Beyond the bound on drift beliefs promise nothing; what the log says holds all the same.
    const reportOfBelief: Report = (invariant, witness) => {
      if (this.clocksHold) this.report(invariant, witness);
    };
    this.believers = new Believers(reportOfBelief, this.coverage, this.observer, forced);
    this.observer.runBegan(run);
    this.network = new SimulatedNetwork(this.time, seed, this.hash, this.observer);
    this.peers = memoryNetwork((from, to, bytes, deliver, parts) => {
      const frame = ++this.#frames;
      if (this.#accepts.isArmed) this.#accepts.comes({ leader: this.nodes[from - 1]!, parts });
      this.observer.frameSent(frame, from, to, parts);
      const arrive = (passed: boolean, damage: number): void => {
        if (passed && damage !== INTACT && parts.length > 0) this.#arriveDamaged(from, to, damage, parts, arrive);
        else this.#arrive(frame, from, to, passed, deliver, parts);
      };
      this.network.frame(from, to, bytes, arrive);
    });
    this.nodes = Array.from({ length: machines }, (_, index) => new SimulatedNode(this, index + 1));
    this.operator = new Operator(this);
    this.atlas = new Atlas(this.members, () => this.operator);
    for (const node of this.nodes) {
      node.start();
      this.#lookAgain(node);
    }
    for (const program of subject.programs) this.#addClient(program);
    this.#plan(schedule);
  }

  /** Whether faults still strike: healing has not begun. */
  get isFaulty(): boolean {
    return !this.#healed;
  }

  /** The first violation counts; the run ends after the step. */
  report(invariant: InvariantId, witness: string): void {
    this.violation ??= { invariant, witness, atMs: this.time.nowMs };
  }

  #observed(nodes: number): ObservedRun {
    const { time, seed } = this;
    const node = (id: number): SimulatedNode => this.nodes[id - 1]!;
    return {
      seed,
      nodes,
      clients: this.subject.programs.length,
      get nowMs() {
        return time.nowMs;
      },
      clockMs: (id) => node(id).clocks.nowMs(),
      clockRate: (id) => node(id).clocks.rate,
      sleeps: (id) => node(id).clocks.slept,
      keepsTime: (id) => node(id).clocks.keepsTime,
      files: (id) => node(id).disk.paths(),
      durable: (id, path) => node(id).disk.durable(path),
    };
  }

  /**
   * Once, right before accepts leave a node; until the returned function is called.
   *
   * @param carrying - of accepts that carry such an entry only.
   */
  whenAccepts(run: (leader: SimulatedNode) => void, carrying: Entry["kind"] | null = null): () => void {
    const met = this.#meets();
    return this.#accepts.arm(({ leader, parts }) => {
      const isSuch = ({ message }: FramePart): boolean =>
        message.kind === "accept" && (carrying === null || message.entries.some(({ kind }) => kind === carrying));
      if (!parts.some(isSuch)) return false;
      met(leader);
      run(leader);
      return true;
    });
  }

  /** Once, as the disk of a node begins such an operation; until the returned function is called. */
  whenDisk(
    isSuch: (node: SimulatedNode, operation: DiskOperation) => boolean,
    run: (node: SimulatedNode) => void,
  ): () => void {
    const met = this.#meets();
    return this.#operations.arm(({ node, operation }) => {
      if (!isSuch(node, operation)) return false;
      met(node);
      run(node);
      return true;
    });
  }

  /** What tells whom the fault that strikes now meets later on. */
  #meets(): (node: SimulatedNode) => void {
    const index = this.#striking;
    return ({ id }) => {
      this.#striking = index;
      this.observer.faultMet(index, id);
    };
  }

  /** The disk of a node begins an operation. */
  diskOperates(node: SimulatedNode, operation: DiskOperation): void {
    if (this.#operations.isArmed) this.#operations.comes({ node, operation });
  }

  /** The number of the next call of a client. */
  nextCall(): number {
    return ++this.#calls;
  }

  sent(node: number, speaker: Speaker, to: readonly number[], message: PeerMessage): void {
    this.hash.addText(message.kind);
    const fields = message as unknown as Readonly<Record<string, unknown>>;
    for (const name in fields) {
      const value = fields[name];
      if (typeof value === "number") this.hash.add(value);
    }
    this.observer.messageSent(node, speaker, to, message);
  }

  /** A client was told that a call failed. */
  failed(client: SimulatedClient, error: QuorateError, what: string): void {
    this.hash.addText(error.code);
    this.hash.add(client.id);
    if (error.outcome === "applied") this.report("X3", `${what}: ${error.message}`);
    this.checks?.failed(error, what);
  }

  /** A client dies without a word, and another begins in its place. */
  replaceClient(client: SimulatedClient): void {
    if (!this.isLoaded) return;
    const program = this.#programs.get(client)!;
    client.process.end();
    this.observer.processDied(client.id);
    this.#programs.delete(client);
    this.#addClient(program, this.clients.indexOf(client));
  }

  /** Load and faults, then healing, in which it must make progress and converge; ends early at a violation. */
  async run(): Promise<void> {
    await this.#until(this.config.seconds * 1000, () => false);
    this.#heal();
    this.isLoaded = false;
    const endMs = this.time.nowMs + HEALED_MS;
    await this.#until(endMs, () => this.#programs.size === 0 && this.#agrees());
    if (this.violation === null && !(this.#programs.size === 0 && this.#agrees())) this.#reportStuck("calls");
    if (this.violation === null) await this.#readBack(endMs + HEALED_MS);
    if (this.violation === null) await this.#judgeRest();
    this.checks?.sessions.countUnknown();
    const report = (invariant: InvariantId, witness: string): void => this.report(invariant, witness);
    this.history.check(report);
    if (this.violation !== null || this.seed % SEARCH_EVERY === 0) this.searched = this.history.search(report);
    for (const node of this.nodes) this.hash.add(node.look()?.appliedTo ?? 0);
    this.hash.add(this.history.length);
    this.hash.add(this.time.nowMs);
  }

  /** Judges what the healed nodes keep when all is done, once their logs had the time to go, and what a client still says to keep its session was written. */
  async #judgeRest(): Promise<void> {
    const { checks } = this;
    if (checks === null) return;
    const { liveness } = checks;
    const { segmentBytes } = this.config;
    const isAtRest = (): boolean =>
      this.#kept().every((kept) => kept.waiting === 0 && !liveness.keepsTooMuch(kept, segmentBytes));
    await this.#until(this.time.nowMs + REST_MS, isAtRest);
    liveness.ended(this.#kept(), segmentBytes);
  }

  /** What the healed nodes keep. */
  #kept(): readonly Kept[] {
    return this.#core.flatMap((node) => {
      const status = node.replica?.state() ?? null;
      if (status === null) return [];
      const paths = node.disk.paths().filter((path) => path.startsWith("wal/"));
      const walBytes = paths.reduce((sum, path) => sum + node.disk.durable(path).length, 0);
      return [{ node: node.id, walBytes, waiting: status.waiting + status.undecided }];
    });
  }

  async #readBack(endMs: number): Promise<void> {
    let answered = false;
    const client = this.#newClient();
    this.#guard(
      this.subject.readBack(this, client, this.#clientsMade).then(() => {
        answered = true;
      }),
      () => undefined,
    );
    await this.#until(endMs, () => answered && this.#agrees());
    if (this.violation === null && !answered) this.#reportStuck("the last reads");
  }

  /** Takes steps until `met` holds, the time is over, or something is violated. */
  async #until(endMs: number, met: () => boolean): Promise<void> {
    // Programs that were just made or told to stop have something to do before the first step.
    await drain();
    while (this.#steps(endMs, met)) await drain();
  }

  /** Takes steps until promises may have been settled: true; or until there is nothing left to do: false. */
  #steps(endMs: number, met: () => boolean): boolean {
    const { time, hash } = this;
    while (this.violation === null && time.nextMs <= endMs && !met()) {
      try {
        time.step();
      } catch (error) {
        this.report("X1", error instanceof Error ? (error.stack ?? error.message) : String(error));
      }
      hash.add(time.nowMs);
      if (!this.unsettled) continue;
      this.unsettled = false;
      return true;
    }
    return false;
  }

  #addClient(program: Program, index: number = this.clients.length): void {
    const client = this.#newClient();
    this.clients[index] = client;
    this.#programs.set(client, program);
    this.#guard(program(this, client, this.#clientsMade), () => this.#programs.delete(client));
  }

  #newClient(): SimulatedClient {
    this.#clientsMade += 1;
    return new SimulatedClient(this, this.#clientsMade, this.config.sessionTtlMs);
  }

  /** A program must not end with an error. */
  #guard(program: Promise<void>, ended: () => void): void {
    program.then(ended, (error: unknown) => {
      const isRefused = error instanceof QuorateError;
      this.report(isRefused ? "K1" : "X1", error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
  }

  #plan(schedule: readonly Fault[]): void {
    let atMs = 0;
    for (const [index, fault] of schedule.entries()) {
      atMs += fault.gapMs;
      this.time.at(atMs, () => this.#strike(index, fault));
    }
  }

  #strike(index: number, fault: Fault): void {
    if (this.#healed) return;
    this.observer.faultStruck(index, fault, this.operator.leader()?.id ?? 0);
    this.#striking = index;
    const end = strike(this, fault);
    const undo = (): void => {
      if (!this.#undos.delete(undo)) return;
      end();
      this.observer.faultEnded(index, fault);
    };
    this.#undos.add(undo);
    this.time.after(lastsMs(fault), undo);
  }

  #heal(): void {
    this.#healed = true;
    for (const undo of [...this.#undos]) undo();
    this.#core = chooseCore(this);
    // Changes under way end; others would need who is gone.
    if (this.#core.length < this.nodes.length) this.operator.freeze();
    this.observer.healed(this.#core.map(({ id }) => id));
    for (const node of this.nodes) {
      if (this.#core.includes(node)) node.start();
      else leaveBehind(this, node, this.#core);
    }
  }

  /** A frame of a peer is at the end of its way. */
  #arrive(
    frame: number,
    from: number,
    to: number,
    passed: boolean,
    deliver: () => void,
    parts: readonly FramePart[],
  ): void {
    const { process, dark } = this.nodes[to - 1]!;
    if (passed && process !== null && process.runs) {
      this.observer.frameDelivered(frame, from, to, parts);
      deliver();
      return process.stepped();
    }
    const lose = (): void => {
      this.observer.frameLost(frame, from, to, parts);
      // Delivered over a cut link: the sender's queue is emptied, and nobody hears of it.
      this.peers.cut(from, to);
      deliver();
      this.peers.heal(from, to);
    };
    if (!passed || (process === null && dark)) return lose();
    if (process === null) {
      this.observer.frameLost(frame, from, to, parts);
      return deliver();
    }
    const take = (): void => {
      this.observer.frameDelivered(frame, from, to, parts);
      deliver();
    };
    process.enter(take, lose);
  }

  /** The receiver closes the connection over what it cannot read. What can be read the checksums below find: it is sent again. */
  #arriveDamaged(from: number, to: number, damage: number, parts: readonly FramePart[], arrive: Arrive): void {
    const why = refusalOfPeerFrame(from, parts, damage);
    if (why === "") {
      this.time.after(RESEND_MS, () => arrive(true, INTACT));
      return;
    }
    this.hash.addText(why);
    this.coverage.hit("corrupt frame refused");
    this.network.breaks(from, to);
    arrive(false, INTACT);
  }

  #lookAgain(node: SimulatedNode): void {
    this.time.after(LOOK_MS, () => {
      if (node.process?.isStopped !== true) node.look();
      this.#lookAgain(node);
    });
  }

  /** Whether all members that are healed have the same state, and the operator has nothing left to do. */
  #agrees(): boolean {
    const { inForce } = this.members;
    if (inForce === null || !this.operator.isContent()) return false;
    let first: ReturnType<SimulatedNode["look"]> = null;
    const members = [...inForce.voters, ...inForce.nonVoters];
    for (const node of this.#core) {
      if (!members.some((member) => member.node === node.id && member.incarnation === node.incarnation)) continue;
      if (node.replica === null) return false;
      const status = node.look();
      if (status === null || status.appliedTo !== status.chosenTo || status.undecided > 0) return false;
      first ??= status;
      if (status.appliedTo !== first.appliedTo || status.leader === 0) return false;
    }
    return first !== null;
  }

  #reportStuck(what: string): void {
    const nodes = this.nodes.map((node) => node.describe()).join("; ");
    const waiting = [...this.#programs.keys()].map(({ id, client }) => {
      const links = client.endpoints().map(({ endpoint, state, why }) => `${endpoint} ${state} ${why}`);
      return `client ${id} waits (${links.join(", ")})`;
    });
    this.report("K1", `${HEALED_MS} ms after healing, ${what} are open: ${[nodes, ...waiting].join("; ")}`);
  }
}
