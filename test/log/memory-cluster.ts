import {
  compose,
  type Composite,
  decodeCbor,
  encodeCbor,
  fromReducer,
  QuorateError,
  type ReadLevel,
  type ReducerDefinition,
  type Reply,
  SESSION_MACHINE,
  sessionCommands,
  sessionResults,
  type Watcher,
} from "@quorate/machine";
import { ENGINE_DEFAULTS } from "@quorate/paxos";
import {
  createHost,
  type Decide,
  type EngineSettings,
  type Host,
  initialMembers,
  LOG_LIMITS,
  type LogLimits,
  type DiskOperation,
  MemoryDisk,
  type MemoryNetwork,
  memoryNetwork,
  type Replica,
  SNAPSHOT_DEFAULTS,
  type SnapshotLimits,
  WAL_DEFAULTS,
  type WalLimits,
  withoutSync,
} from "@quorate/log";
import { VirtualTime } from "./virtual-time.ts";

/** A machine for tests: a list of words, in the order in which they were appended; a session's own words go when it ends. */
export interface Word {
  readonly word: string;
  /** Revision of its step. */
  readonly revision: number;
  /** The session that it goes with; 0: it stays. */
  readonly owner: number;
}

export type WordCommand = readonly ["append" | "own", string];

/** Result: how many words there are. */
export const wordsDefinition: ReducerDefinition<readonly Word[], WordCommand, number> = {
  name: "words",
  version: 1,
  initial: [],
  apply: (state, [kind, word], at) => {
    const owner = kind === "own" ? at.session : 0;
    const next = [...state, { word, revision: at.revision, owner }];
    return [next, next.length];
  },
  sessionEnded: (state, session) => state.filter((each) => each.owner !== session),
};

export const words = fromReducer(wordsDefinition);

/** What a test cluster is set up with; every field has a default. */
export interface ClusterOptions {
  readonly nodes: number;
  readonly seed: number;
  readonly frameMs: number;
  readonly syncMs: number;
  /** Of each read of a snapshot. */
  readonly snapshotReadMs: number;
  readonly limits: Partial<LogLimits>;
  readonly walLimits: Partial<WalLimits>;
  readonly snapshotLimits: Partial<SnapshotLimits>;
  readonly protocol: Partial<EngineSettings>;
  readonly leaseMs: number;
  /** Whether a sync of the disk does anything; without, a power loss takes what was acknowledged. */
  readonly syncs: boolean;
  readonly machine: (node: number) => Composite;
}

/** Of the disk, where nothing else is said. */
const OPERATION_MS = 0.05;

const DEFAULTS: ClusterOptions = {
  nodes: 3,
  seed: 1,
  frameMs: 1,
  syncMs: 2,
  snapshotReadMs: OPERATION_MS,
  limits: {},
  walLimits: {},
  snapshotLimits: {},
  protocol: {},
  leaseMs: 0,
  syncs: true,
  machine: () => compose([words]),
};

/** One node of the cluster: its disk outlives its processes. */
export class TestNode {
  readonly id: number;
  disk: MemoryDisk;
  host: Host | null = null;
  replica: Replica | null = null;
  /** Errors that the host, or its opening, ended with. */
  readonly failures: QuorateError[] = [];
  life = 0;

  constructor(id: number, disk: MemoryDisk) {
    this.id = id;
    this.disk = disk;
  }
}

/** A cluster in memory, in virtual time: the hosts, replicas, log and engines of production over a disk and a network in memory. */
export class MemoryCluster {
  readonly time = new VirtualTime();
  readonly network: MemoryNetwork;
  readonly options: ClusterOptions;
  readonly nodes = new Map<number, TestNode>();
  readonly #initialNodes: readonly number[];
  /** Sessions that clients asked for. */
  openings = 0;

  constructor(options: Partial<ClusterOptions> = {}) {
    this.options = { ...DEFAULTS, ...options };
    this.network = memoryNetwork((_from, _to, _bytes, deliver) => this.time.after(this.options.frameMs, deliver));
    this.#initialNodes = Array.from({ length: this.options.nodes }, (_, index) => index + 1);
    for (const id of this.#initialNodes) this.add(id);
  }

  /** Another machine with an empty disk; not started. */
  add(id: number): TestNode {
    const node = new TestNode(id, this.newDisk());
    this.nodes.set(id, node);
    return node;
  }

  newDisk(): MemoryDisk {
    const { syncMs, snapshotReadMs } = this.options;
    const takesMs = ({ kind, path }: DiskOperation): number => {
      if (kind === "sync") return syncMs;
      return kind === "read" && path.startsWith("snapshot/") ? snapshotReadMs : OPERATION_MS;
    };
    return new MemoryDisk({ later: (run, operation) => this.time.after(takesMs(operation), run) });
  }

  node(id: number): TestNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  /** Starts the process of one node. */
  start(id: number, join: boolean = false): void {
    const node = this.node(id);
    node.life += 1;
    const { life } = node;
    const { seed, limits, walLimits, snapshotLimits, protocol, leaseMs, machine } = this.options;
    const host = createHost({
      cluster: "test",
      id,
      initialNodes: this.#initialNodes,
      join,
      disk: this.options.syncs ? node.disk : withoutSync(node.disk, (run) => this.time.after(0.05, run)),
      transport: this.network.transport(id),
      clock: this.time.clock(() => node.life === life),
      seed: seed * 1_000_000 + id * 1_000 + life,
      limits: { ...LOG_LIMITS, batchBytesMax: 64 * 1024, commandBytesMax: 64 * 1024, ...limits },
      walLimits: { ...WAL_DEFAULTS, segmentBytes: 1024 * 1024, unitBytesMax: 512 * 1024, ...walLimits },
      snapshotLimits: { ...SNAPSHOT_DEFAULTS, ...snapshotLimits },
      protocol: { ...ENGINE_DEFAULTS, ...protocol },
      onFailed: (error) => {
        node.failures.push(error);
        node.replica = null;
      },
    });
    node.host = host;
    const members = initialMembers(this.#initialNodes, leaseMs);
    host.open({ group: 1, machine: machine(id), members }, (error, replica) => {
      if (error !== null) node.failures.push(error);
      else node.replica = replica;
    });
  }

  startAll(): void {
    for (const id of this.nodes.keys()) this.start(id);
  }

  /** The process dies; what it wrote stays as the operating system has it. */
  kill(id: number): void {
    this.#end(this.node(id));
    this.node(id).disk.kill();
  }

  /** The power of all the given machines goes at once; `decide` says what of the unsynced sectors reached the disk. */
  powerLoss(ids: Iterable<number>, decide: Decide): void {
    for (const id of [...ids]) {
      this.#end(this.node(id));
      this.node(id).disk.crash(decide);
    }
  }

  #end(node: TestNode): void {
    node.life += 1;
    node.host = null;
    node.replica = null;
    // A transport that is never opened stands in for a machine without the process.
    this.network.transport(node.id);
  }

  /** Cuts one node off from all others. */
  isolate(id: number): void {
    for (const other of this.nodes.keys()) {
      if (other === id) continue;
      this.network.cut(id, other);
      this.network.cut(other, id);
    }
  }

  get replicas(): readonly Replica[] {
    return [...this.nodes.values()].flatMap((node) => (node.replica === null ? [] : [node.replica]));
  }

  /** The node that is open, in the highest ballot if two believe it; 0: none. */
  leader(): number {
    let leader = 0;
    let ballot = 0;
    for (const { id, replica } of this.nodes.values()) {
      const opening = replica?.status().opening ?? 0;
      if (opening > ballot) [leader, ballot] = [id, opening];
    }
    return leader;
  }

  awaitLeader(not: number = 0): number {
    this.time.until("a leader opens", () => this.leader() !== 0 && this.leader() !== not);
    return this.leader();
  }

  /** All running replicas have applied the same, and nothing is under way. */
  settle(): void {
    this.time.until("all replicas agree", () => {
      const all = this.replicas.map((replica) => replica.status());
      const first = all[0];
      return (
        first !== undefined &&
        all.every(
          (status) =>
            status.appliedTo === first.appliedTo && status.chosenTo === first.chosenTo && status.undecided === 0,
        )
      );
    });
  }

  /** The words as the replica of one node has them. */
  words(id: number): readonly string[] {
    return this.read(id, "stale").map((each) => each.word);
  }

  /** Reads the list at one node, at the given level. */
  read(id: number, level: ReadLevel, minRevision: number = 0): readonly Word[] {
    const told = this.ask(id, level, minRevision);
    this.time.until("the read is answered", () => told.length > 0);
    const answer = told[0]!;
    if (answer instanceof QuorateError) throw answer;
    return decodeCbor(answer.bytes) as readonly Word[];
  }

  /** Asks for the list; the answer comes into the array that is returned. */
  ask(id: number, level: ReadLevel, minRevision: number = 0): (Reply | QuorateError)[] {
    const told: (Reply | QuorateError)[] = [];
    const { replica } = this.node(id);
    if (replica === null) throw new Error(`node ${id} does not run`);
    replica.read(level, minRevision, "words", encodeCbor(null), (error, reply) => {
      told.push(error ?? reply);
    });
    return told;
  }

  watch(id: number, minRevision: number, wake: () => void): Watcher<Uint8Array> {
    const told: (Watcher<Uint8Array> | QuorateError)[] = [];
    this.node(id).replica!.watch(minRevision, "words", encodeCbor(null), wake, (error, watcher) => {
      told.push(error ?? watcher);
    });
    this.time.until("the watch begins", () => told.length > 0);
    const answer = told[0]!;
    if (answer instanceof QuorateError) throw answer;
    return answer;
  }

  client(ttlMs: number = 60_000): TestClient {
    return new TestClient(this, ttlMs);
  }
}

/** What became of one request, as its client sees it. */
export interface Outcome {
  readonly number: number;
  readonly word: string;
  /** Null until it is known. */
  reply: Reply | null;
  error: QuorateError | null;
  /** Copies sent. */
  sent: number;
}

/** A client of one session: it sends a request again, under its number, until the log has spoken. */
export class TestClient {
  readonly #cluster: MemoryCluster;
  readonly #ttlMs: number;
  #next = 1;
  session = 0;
  readonly outcomes: Outcome[] = [];

  constructor(cluster: MemoryCluster, ttlMs: number) {
    this.#cluster = cluster;
    this.#ttlMs = ttlMs;
  }

  /** Opens the session. */
  open(): this {
    const outcome = this.#outcome(++this.#cluster.openings, "");
    const command = sessionCommands.encodeOpen({ ttlMs: this.#ttlMs });
    this.#send(0, outcome, SESSION_MACHINE, command);
    this.#cluster.time.until("the session opens", () => outcome.reply !== null);
    this.session = sessionResults.decodeOpened(outcome.reply!.bytes).session;
    return this;
  }

  /** Begins to append a word; the outcome tells when the log has spoken. */
  append(word: string, kind: WordCommand[0] = "append"): Outcome {
    const outcome = this.#outcome(this.#next++, word);
    this.outcomes.push(outcome);
    this.#send(this.session, outcome, "words", encodeCbor([kind, word]));
    return outcome;
  }

  /** Appends a word and waits for the result: how many there are. */
  appended(word: string, kind: WordCommand[0] = "append"): number {
    const outcome = this.append(word, kind);
    this.#cluster.time.until(`"${word}" is appended`, () => outcome.reply !== null || outcome.error !== null);
    if (outcome.error !== null) throw outcome.error;
    return decodeCbor(outcome.reply!.bytes) as number;
  }

  /** One copy of an earlier request, to one node; what it is told comes into the array. */
  copy(outcome: Outcome, node: number): (Reply | QuorateError)[] {
    const told: (Reply | QuorateError)[] = [];
    this.#submit(node, this.session, outcome.number, "words", encodeCbor(["append", outcome.word]), (answer) => {
      told.push(answer);
    });
    return told;
  }

  #outcome(number: number, word: string): Outcome {
    return { number, word, reply: null, error: null, sent: 0 };
  }

  #submit(
    node: number,
    session: number,
    number: number,
    machine: string,
    command: Uint8Array,
    told: (answer: Reply | QuorateError) => void,
  ): boolean {
    const { replica } = this.#cluster.node(node);
    replica?.submit({ session, number }, 0, machine, command, (error, reply) => told(error ?? reply));
    return replica !== null;
  }

  /** To the leader where there is one, and again after a while unless the answer is final. */
  #send(session: number, outcome: Outcome, machine: string, command: Uint8Array): void {
    if (outcome.reply !== null || outcome.error !== null) return;
    const again = (): void => this.#cluster.time.after(20, () => this.#send(session, outcome, machine, command));
    const leader = this.#cluster.leader();
    if (leader === 0) return again();
    const { life } = this.#cluster.node(leader);
    let answered = false;
    outcome.sent += 1;
    const sent = this.#submit(leader, session, outcome.number, machine, command, (answer) => {
      answered = true;
      if (!(answer instanceof QuorateError)) outcome.reply ??= answer;
      else if (answer.code === "NO_LEADER" || answer.code === "OVERLOADED" || answer.code === "LOG_FAILED") again();
      else outcome.error ??= answer;
    });
    if (!sent) return again();
    // The process that has the copy may die: whoever has it no more tells nothing.
    const look = (): void => {
      if (answered) return;
      if (this.#cluster.node(leader).life === life) this.#cluster.time.after(50, look);
      else this.#send(session, outcome, machine, command);
    };
    this.#cluster.time.after(50, look);
  }
}
