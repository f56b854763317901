import { type Clock, type Composite, QuorateError, SuspensionDetector } from "@quorate/machine";
import {
  createEngine,
  type Durable,
  type Engine,
  type EngineConfig,
  FIRST_STANDING,
  type Governing,
  InvariantError,
  MAJORITY,
  type Member,
  type Members,
  NODE_MAX,
  openSlotsMax,
  type Speaker,
} from "@quorate/paxos";
import type { Disk, Done } from "../disk/disk.ts";
import { assertionFailed, closed, logCorrupt, oldCopy, unreadableImage } from "../errors.ts";
import type { LogLimits } from "../limits.ts";
import { Answers } from "../replica/answers.ts";
import { Counters } from "../replica/counters.ts";
import { HeldLog } from "../replica/held-log.ts";
import { GroupReplica, type Replica, type ReplicaRoom, type ReplicaStart } from "../replica/replica.ts";
import type { ReplicaObserver } from "../replica/replica-observer.ts";
import { ImageReader } from "../replica/image-reader.ts";
import { startingPoint } from "../replica/starting-point.ts";
import { takeCheckpoint } from "../snapshot/checkpoint.ts";
import { createSnapshotInstaller, type SnapshotInstaller } from "../snapshot/install.ts";
import type { SnapshotLimits } from "../snapshot/limits.ts";
import { createSnapshotSender, type SnapshotSender } from "../snapshot/send.ts";
import { openSnapshots, type Snapshots } from "../snapshot/snapshots.ts";
import type { Forming, OldCopy, PeerMessage, Transport } from "../transport/transport.ts";
import { entryBytesMax, type WalLimits } from "../wal/limits.ts";
import type { WalFault } from "../wal/recovery.ts";
import { type OpenedWal, openWal } from "../wal/wal.ts";
import { FormingState } from "./forming.ts";
import { type Identity, readIdentity, writeIdentity } from "./identity.ts";
import { randomBelow48 } from "./keyed-random.ts";

/** What the engines of a host are set up with; `ENGINE_DEFAULTS` of @quorate/paxos are the defaults. */
export type EngineSettings = Omit<EngineConfig, "self" | "incarnation" | "life" | "seed">;

/** How one process of a cluster is set up. */
export interface HostOptions {
  /** Name of the cluster, 1 … 64 characters. A folder and a peer of another one are refused. */
  readonly cluster: string;
  /** This node, 1 … 1023. */
  readonly id: number;
  /** The nodes that form the cluster, this one among them, the same list at each; with `join`, the nodes to ask. */
  readonly initialNodes: readonly number[];
  /** An empty folder joins a formed cluster, under a new incarnation and without a vote, instead of forming one. */
  readonly join: boolean;
  readonly disk: Disk;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Random, below 2^53, another one at each start of the process: its life and the incarnation of an empty folder come from it. */
  readonly seed: number;
  readonly limits: LogLimits;
  readonly walLimits: WalLimits;
  readonly snapshotLimits: SnapshotLimits;
  readonly protocol: EngineSettings;
  /** Told once, if the node stops serving for good. The error says why, and what to do. */
  readonly onFailed: (error: QuorateError) => void;
}

/** One group of this process. */
export interface ReplicaOptions {
  /** 1 or more. */
  readonly group: number;
  /** A new one: it is replaced by the newest snapshot, if there is one. */
  readonly machine: Composite;
  /** The set that the group begins with, the same at every node. Incarnation 0: the one that the node was formed with. Ignored once the log has a set. */
  readonly members: Members;
  /** Told of all that the replica does. Default: nobody. */
  readonly observer?: ReplicaObserver;
}

/** What a host is, at one moment. */
export interface HostStatus {
  readonly cluster: string;
  readonly node: number;
  /** 0 until it is known. */
  readonly incarnation: number;
  readonly life: number;
  readonly state: "starting" | "forming" | "formed" | "failed" | "closed";
  /** While forming: the nodes whose word is missing. */
  readonly missing: readonly number[];
  readonly error: QuorateError | null;
  readonly walUnit: number;
  /** What the log takes of the disk, segments made ahead too; and what is written of it. */
  readonly walBytes: number;
  readonly walBytesWritten: number;
  readonly diskFull: boolean;
  /** Places that were once synced and could not be read at the start. What they held is repaired from peers, group by group. */
  readonly faults: readonly WalFault[];
  /** Groups whose snapshot cannot be read: they wait for one from a peer, and neither promise nor accept until then. */
  readonly fetching: readonly number[];
  readonly groups: readonly number[];
  readonly turns: number;
  /** What was ignored, by reason. */
  readonly counters: Readonly<Record<string, number>>;
}

/** One a process: it owns the log on disk, the links and the turn. */
export interface Host {
  /** Waits until the cluster is formed. */
  open(options: ReplicaOptions, done: Done<Replica>): void;
  status(): HostStatus;
  /** Tells everybody who waits, seals the log and gives the folder back. */
  close(done: Done): void;
}

/**
 * Starts a host; it claims its folder, reads its log and forms its cluster in later turns.
 *
 * @throws QuorateError `BAD_OPTION` for a name, an id or limits that cannot work.
 */
export function createHost(options: HostOptions): Host {
  checkOptions(options);
  const host = new RunningHost(options);
  host.start();
  return host;
}

/** The set of members that a group begins with: majority quorums, one zone, the incarnations that the cluster is formed with. */
export function initialMembers(nodes: readonly number[], leaseMs: number = 0): Members {
  const voters = [...nodes].sort((left, right) => left - right).map((node) => ({ node, incarnation: 0, zone: 0 }));
  return { voters, nonVoters: [], quorum: MAJORITY, leaseMs };
}

/** Bytes that a command takes in a batch beside its own, at most, and the head of the batch. */
const COMMAND_OVERHEAD_BYTES = 48;
const BATCH_OVERHEAD_BYTES = 1024;

function checkOptions({ cluster, id, initialNodes, seed, limits, walLimits }: HostOptions): void {
  const bad = (why: string): QuorateError =>
    new QuorateError("BAD_OPTION", "not-applied", `node ${id} of cluster "${cluster}" cannot start: ${why}`, {
      node: id,
    });
  if (cluster.length < 1 || cluster.length > 64) throw bad("the name of the cluster must have 1 to 64 characters");
  for (const node of [id, ...initialNodes]) {
    if (!Number.isSafeInteger(node) || node < 1 || node > NODE_MAX)
      throw bad(`node ids are 1 to ${NODE_MAX}, not ${node}`);
  }
  if (new Set(initialNodes).size !== initialNodes.length) throw bad("an initial node is named twice");
  if (!Number.isSafeInteger(seed) || seed < 0) throw bad("the seed must be an integer of 0 or more, below 2^53");
  if ((limits.digestSlots & (limits.digestSlots - 1)) !== 0) throw bad("digestSlots must be a power of two");
  // A batch stops before the command that would take it over batchBytesMax, unless that one stands alone.
  const batchBytes =
    Math.max(limits.batchBytesMax, limits.commandBytesMax) +
    limits.batchCommandsMax * COMMAND_OVERHEAD_BYTES +
    BATCH_OVERHEAD_BYTES;
  if (batchBytes > entryBytesMax(walLimits)) {
    throw bad(
      `a batch may take ${batchBytes} bytes, the log takes ${entryBytesMax(walLimits)} in one record: ` +
        `lower batchBytesMax, commandBytesMax or batchCommandsMax, or raise segmentBytes and unitBytesMax`,
    );
  }
}

/** Group of the messages that are no group's: forming. */
const NO_GROUP = 0;

interface Waiting {
  readonly options: ReplicaOptions;
  readonly done: Done<Replica>;
}

/** A group whose snapshot cannot be read, and that the log does not go without. */
interface Fetching {
  readonly waiting: Waiting;
  readonly formed: Governing;
  /** A snapshot is needed that covers at least this. */
  readonly slot: number;
  readonly peers: readonly number[];
  askedMs: number;
}

class RunningHost implements Host {
  readonly #options: HostOptions;
  readonly #clock: Clock;
  readonly #life: number;
  readonly #detector: SuspensionDetector;
  readonly #answers: Answers;
  readonly #replicas = new Map<number, GroupReplica>();
  readonly #opening = new Set<number>();
  readonly #fetching = new Map<number, Fetching>();
  readonly #answerForming = new Set<number>();
  readonly #counters = new Counters();
  #waiting: Waiting[] = [];
  #release: (() => void) | null = null;
  #identityFaults: readonly WalFault[] = [];
  #forming: FormingState | null = null;
  #formingSentMs = -Infinity;
  #writingIdentity = false;
  #wal: OpenedWal | null = null;
  /** The last write unit that recovery found. */
  #unitAtStart = 0;
  #snapshots: Snapshots | null = null;
  #sender: SnapshotSender | null = null;
  #installer: SnapshotInstaller | null = null;
  #state: "starting" | "running" | "failed" | "closed" = "starting";
  #error: QuorateError | null = null;
  #scheduled = false;
  #cancelTick: () => void = () => undefined;
  #turns = 0;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#life = randomBelow48(options.seed, "life");
    this.#detector = new SuspensionDetector(options.clock.nowMs(), options.clock.wallMs());
    this.#answers = new Answers(() => this.#wake());
  }

  // ── start: folder, identity, log, snapshots, links ──

  start(): void {
    const { disk, cluster, id } = this.#options;
    disk.claim((claimError, release) => {
      if (this.#isEnded()) {
        if (claimError === null) release();
        return;
      }
      if (claimError !== null) return this.#fail(claimError);
      this.#release = release;
      readIdentity(disk, cluster, id, (error, { identity, faults }) => {
        if (this.#isEnded()) return;
        if (error !== null) return this.#fail(error);
        this.#identityFaults = faults;
        if (identity !== null) return this.#openLog(identity);
        const incarnation = randomBelow48(this.#options.seed, "incarnation");
        const fresh: Identity = { cluster, node: id, incarnation, state: "new", members: [] };
        writeIdentity(disk, fresh, (writeError) => {
          if (this.#isEnded()) return;
          if (writeError !== null) return this.#fail(writeError);
          this.#openLog(fresh);
        });
      });
    });
  }

  #openLog(identity: Identity): void {
    const { disk, clock, cluster, walLimits, snapshotLimits, protocol } = this.#options;
    this.#forming = new FormingState(identity, this.#options);
    const onFailed = (error: QuorateError): void => this.#fail(error);
    // The snapshots first: how far they cover tells what the log must hold.
    openSnapshots({ disk, cluster, limits: snapshotLimits }, (error, snapshots) => {
      if (this.#isEnded()) return;
      if (error !== null) return this.#fail(error);
      const coveredTo = (group: number): number => snapshots.latest(group)?.slot ?? 0;
      const openSlots = openSlotsMax(protocol.limits);
      openWal({ disk, clock, cluster, limits: walLimits, openSlots, coveredTo, onFailed }, (walError, opened) => {
        if (this.#isEnded()) return;
        if (walError !== null) return this.#fail(walError);
        this.#wal = opened;
        this.#unitAtStart = opened.wal.unit;
        this.#run(snapshots);
      });
    });
  }

  #run(snapshots: Snapshots): void {
    const { disk, clock, transport, snapshotLimits: limits } = this.#options;
    const send = (group: number, to: number, message: PeerMessage): void => {
      transport.send(group, this.#speaker(), [to], message);
      this.#wake();
    };
    this.#snapshots = snapshots;
    this.#sender = createSnapshotSender({ snapshots, clock, limits, send });
    this.#installer = createSnapshotInstaller({
      disk,
      snapshots,
      clock,
      limits,
      send,
      installed: (group, head) => {
        const fetching = this.#fetching.get(group);
        if (fetching === undefined) return this.#replicas.get(group)?.snapshotArrived(head);
        this.#fetching.delete(group);
        this.#restoreGroup(fetching.waiting, fetching.formed);
      },
    });
    this.#state = "running";
    transport.open(
      (from, group, message) => this.#receive(from, group, message),
      (node) => {
        for (const replica of this.#replicas.values()) replica.suspect(node);
      },
    );
    this.#tick();
    this.#wake();
  }

  // ── what callers see ──

  open(options: ReplicaOptions, done: Done<Replica>): void {
    if (this.#isEnded()) return this.#answers.refuse(done, this.#endError());
    this.#waiting.push({ options, done });
    this.#wake();
  }

  status(): HostStatus {
    const forming = this.#forming;
    const formed = forming !== null && forming.settled;
    const running = this.#state === "running" ? (formed ? "formed" : "forming") : this.#state;
    return {
      cluster: this.#options.cluster,
      node: this.#options.id,
      incarnation: forming?.identity.incarnation ?? 0,
      life: this.#life,
      state: running,
      missing: forming?.missing() ?? [],
      error: this.#error,
      walUnit: this.#wal?.wal.unit ?? 0,
      walBytes: this.#wal?.wal.bytes ?? 0,
      walBytesWritten: this.#wal?.wal.bytesWritten ?? 0,
      diskFull: this.#wal?.wal.full ?? false,
      faults: [...this.#identityFaults, ...(this.#wal?.faults ?? []), ...(this.#snapshots?.faults ?? [])],
      fetching: [...this.#fetching.keys()],
      groups: [...this.#replicas.keys()],
      turns: this.#turns,
      counters: this.#counters.all(),
    };
  }

  close(done: Done): void {
    if (this.#state === "closed") return this.#answers.add(done, null, undefined);
    const failed = this.#state === "failed";
    this.#state = "closed";
    this.#endAll(null);
    const given = (error: QuorateError | null): void => {
      this.#release?.();
      this.#release = null;
      this.#answers.add(done, error, undefined);
    };
    if (this.#wal === null || failed) given(null);
    else this.#wal.wal.close(given);
    this.#wake();
  }

  // ── the turn ──

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.endOfTurn(this.#turn);
  }

  #tick(): void {
    this.#cancelTick = this.#clock.after(this.#options.limits.tickMs, this.#ticked);
  }

  readonly #ticked = (): void => {
    this.#tick();
    this.#wake();
  };

  /**
   * All input of this turn is gathered. The clock is read now, once: not before any receipt of the turn and not after any of its sends, so that a
   * grant counted from it ends no sooner than promised, and a leader's lease no later.
   */
  readonly #turn = (): void => {
    this.#scheduled = false;
    this.#turns += 1;
    if (this.#state === "running") {
      const nowMs = this.#clock.nowMs();
      if (this.#detector.suspended(nowMs, this.#clock.wallMs())) this.#suspended();
      this.#formingTurn(nowMs);
      this.#fetchTurn(nowMs);
      this.#takeTurns(nowMs);
      if (!this.#isEnded()) this.#options.transport.endTurn();
    }
    this.#answers.flush();
  };

  /** Where an engine finds that what must hold does not, the whole node stops: it says why, and votes for nothing any more. */
  #takeTurns(nowMs: number): void {
    try {
      for (const replica of this.#replicas.values()) replica.turn(nowMs);
    } catch (thrown) {
      if (!(thrown instanceof InvariantError)) throw thrown;
      this.#fail(assertionFailed(this.#options.id, thrown));
    }
  }

  #suspended(): void {
    for (const replica of this.#replicas.values()) replica.suspended();
  }

  #leaseStands(validUntilMs: number): boolean {
    const nowMs = this.#clock.nowMs();
    if (this.#detector.suspended(nowMs, this.#clock.wallMs())) {
      this.#suspended();
      return false;
    }
    return nowMs < validUntilMs;
  }

  #receive(from: Speaker, group: number, message: PeerMessage): void {
    if (this.#state !== "running") return;
    if (message.kind === "forming") {
      this.#receiveForming(from, message);
      return this.#wake();
    }
    if (message.kind === "old-copy") return this.#receiveOldCopy(message);
    const replica = this.#replicas.get(group);
    if (replica === undefined) {
      const fetching = this.#fetching.get(group);
      if (fetching === undefined || message.kind !== "snapshot-chunk") return this.#counters.add("group-not-open");
      this.#installer?.chunk(group, from.node, message, fetching.slot - 1);
      return this.#wake();
    }
    switch (message.kind) {
      case "snapshot-chunk":
        if (!replica.isInstalling) this.#installer?.chunk(group, from.node, message, replica.appliedTo);
        break;
      case "snapshot-wanted":
        if (message.slot > (this.#snapshots?.latest(group)?.slot ?? 0)) replica.checkpointFor(message.slot);
        replica.givesSnapshot(from.node, message.slot);
        this.#sender?.wanted(group, from.node, message);
        break;
      case "digest":
        replica.receiveDigest(from, message);
        break;
      default:
        replica.receive(from, message);
    }
    this.#wake();
  }

  #speaker(): Speaker {
    return {
      node: this.#options.id,
      incarnation: this.#forming?.identity.incarnation ?? 0,
      life: this.#life,
      unit: this.#wal?.wal.unit ?? 0,
      unitAtStart: this.#unitAtStart,
    };
  }

  /**
   * A peer does not listen to this process: it heard more of this disk than the process began with. From this moment on nothing leaves; and its next
   * process, which might begin with enough to be listened to, finds it written down that this folder votes no more (rule 14). What is late speaks of
   * another process, which had a disk of its own; what is wrong, of a unit that this one began with.
   */
  #receiveOldCopy({ incarnation, life, unit }: OldCopy): void {
    const { identity, settled } = this.#forming!;
    const isMeant = incarnation === identity.incarnation && life === this.#life && unit > this.#unitAtStart;
    if (!isMeant || !settled) return this.#counters.add("old-copy-not-meant");
    const { disk, id, onFailed } = this.#options;
    const why = `a peer heard of write unit ${unit}, and this process began with ${this.#unitAtStart}`;
    this.#halt(oldCopy(id, why));
    writeIdentity(disk, { ...identity, state: "old-copy" }, (error) => {
      if (this.#state === "closed") return;
      if (error !== null) this.#error = oldCopy(id, `${why}. It cannot be written down: ${error.message}`);
      onFailed(this.#error!);
    });
  }

  // ── forming ──

  #receiveForming(from: Speaker, message: Forming): void {
    if (this.#forming === null) return;
    if (message.cluster !== this.#options.cluster) return this.#counters.add("other-cluster");
    this.#forming.receive(from.node, message);
    if (message.state !== "formed") this.#answerForming.add(from.node);
  }

  #formingTurn(nowMs: number): void {
    const forming = this.#forming!;
    const { transport, id, initialNodes, limits } = this.#options;
    if (!forming.settled) {
      this.#stepForming(forming);
      if (this.#state !== "running") return;
      if (nowMs - this.#formingSentMs >= limits.formingMs) {
        this.#formingSentMs = nowMs;
        for (const node of initialNodes) if (node !== id) this.#answerForming.add(node);
        for (const member of forming.identity.members) if (member.node !== id) this.#answerForming.add(member.node);
      } else this.#answerForming.clear();
    }
    if (this.#answerForming.size > 0) {
      transport.send(NO_GROUP, this.#speaker(), [...this.#answerForming], forming.message());
      this.#answerForming.clear();
    }
    if (forming.settled) this.#openWaiting(forming.identity);
  }

  #stepForming(forming: FormingState): void {
    if (this.#writingIdentity) return;
    const { next, refused } = forming.step();
    if (refused !== null) return this.#fail(refused);
    if (next === null) return;
    this.#writingIdentity = true;
    writeIdentity(this.#options.disk, next, (error) => {
      if (this.#isEnded()) return;
      this.#writingIdentity = false;
      if (error !== null) return this.#fail(error);
      forming.durable(next);
      this.#formingSentMs = -Infinity;
      if (forming.settled) for (const node of this.#peersOf(next)) this.#answerForming.add(node);
      this.#wake();
    });
  }

  #peersOf(identity: Identity): readonly number[] {
    return identity.members.map((member) => member.node).filter((node) => node !== this.#options.id);
  }

  // ── groups ──

  #openWaiting(identity: Identity): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) this.#openGroup(identity, each);
  }

  #openGroup(identity: Identity, { options, done }: Waiting): void {
    const { group } = options;
    if (this.#opening.has(group) || !Number.isSafeInteger(group) || group < 1) {
      const words = `group ${group} cannot be opened: it is open already, or no integer of 1 or more`;
      return this.#answers.refuse(done, new QuorateError("BAD_OPTION", "not-applied", words, { group }));
    }
    const formed = this.#formedSet(identity, options.members);
    if (formed instanceof QuorateError) return this.#answers.refuse(done, formed);
    this.#opening.add(group);
    this.#restoreGroup({ options, done }, formed);
  }

  /** Restores the newest snapshot, if there is one, and starts the group on top of it. */
  #restoreGroup(waiting: Waiting, formed: Governing): void {
    const { options, done } = waiting;
    const { group, machine } = options;
    const snapshots = this.#snapshots!;
    const head = snapshots.latest(group);
    const trimmedTo = this.#wal!.groups.get(group)?.durable.base ?? 0;
    if ((head?.slot ?? 0) < trimmedTo) return this.#fetch(waiting, formed, trimmedTo);
    if (head === null) {
      return this.#startGroup(options, { composite: machine, slot: 0, standing: FIRST_STANDING }, formed, done);
    }
    const image = new ImageReader(machine.restore());
    snapshots.read(
      group,
      (chunk) => image.push(chunk),
      (error, read) => {
        if (this.#isEnded()) return this.#answers.refuse(done, this.#endError());
        if (error?.code === "LOG_CORRUPT") {
          snapshots.damaged(head, error);
          return this.#fetch(waiting, formed, head.slot);
        }
        if (error !== null) return this.#refuseStart(done, error);
        if (read === null || read.slot !== head.slot) {
          return this.#refuseStart(done, logCorrupt(`snapshot of group ${group}`, 0, "it changed while it was read"));
        }
        let composite: Composite;
        try {
          composite = image.end();
        } catch (thrown) {
          return this.#refuseStart(done, unreadableImage(group, read.slot, thrown));
        }
        this.#startGroup(options, { composite, slot: read.slot, standing: read.standing }, formed, done);
        this.#wake();
      },
    );
  }

  /**
   * The snapshot up to `slot` cannot be read, and the log below it is gone: a peer has to give one that covers as much. The group neither promises nor
   * accepts until then, so what it cannot read is spoken for by nobody here.
   */
  #fetch(waiting: Waiting, formed: Governing, slot: number): void {
    const { group } = waiting.options;
    const governing = this.#wal!.groups.get(group)?.durable.governing.at(-1) ?? formed;
    const { voters, nonVoters } = governing.members;
    const nodes = [...voters, ...nonVoters].map((member) => member.node);
    const peers = nodes.filter((node) => node !== this.#options.id);
    if (peers.length === 0) {
      const fault = this.#snapshots!.faults[0] ?? { file: `snapshot of group ${group}`, offset: 0, why: "it is gone" };
      const why = `${fault.why}. Group ${group} has no other member to get a snapshot from`;
      return this.#refuseStart(waiting.done, logCorrupt(fault.file, fault.offset, why));
    }
    this.#fetching.set(group, { waiting, formed, slot, peers, askedMs: -Infinity });
    this.#wake();
  }

  /** Asks for the snapshots that are missing, until they come: whoever has an older one takes a checkpoint and offers that. */
  #fetchTurn(nowMs: number): void {
    if (this.#fetching.size === 0) return;
    const { transport, snapshotLimits } = this.#options;
    for (const [group, fetching] of this.#fetching) {
      if (this.#installer!.incoming(group) > 0 || nowMs - fetching.askedMs < snapshotLimits.retryMs) continue;
      fetching.askedMs = nowMs;
      const message = { kind: "snapshot-wanted", slot: fetching.slot, position: 0 } as const;
      transport.send(group, this.#speaker(), fetching.peers, message);
    }
  }

  #startGroup(options: ReplicaOptions, start: ReplicaStart, formed: Governing, done: Done<Replica>): void {
    const { group } = options;
    const { wal, groups, unheard } = this.#wal!;
    const { id, limits, transport, protocol, seed } = this.#options;
    const { incarnation } = this.#forming!.identity;
    const snapshots = this.#snapshots!;
    const log = wal.group(group);
    let durable: ReturnType<typeof startingPoint>;
    try {
      durable = startingPoint(group, groups.get(group)?.durable ?? unheard, snapshots.latest(group), formed);
    } catch (thrown) {
      if (!(thrown instanceof QuorateError)) throw thrown;
      return this.#refuseStart(done, thrown);
    }
    const alone = this.#aloneWith(group, durable);
    if (alone !== null) return this.#refuseStart(done, alone);
    const engineSeed = randomBelow48(seed, `engine ${group}`);
    let engine: Engine;
    try {
      engine = createEngine({ ...protocol, self: id, incarnation, life: this.#life, seed: engineSeed }, durable);
    } catch (thrown) {
      if (!(thrown instanceof InvariantError)) throw thrown;
      return this.#refuseStart(done, assertionFailed(id, thrown));
    }
    const held = new HeldLog({
      log,
      limits,
      logBytes: () => wal.bytes,
      snapshotBytes: () => snapshots.fileBytes(group),
      diskFull: () => wal.full,
    });
    const room: ReplicaRoom = {
      group,
      node: id,
      incarnation,
      clock: this.#clock,
      limits,
      answers: this.#answers,
      log,
      held,
      snapshots: {
        checkpoint: (head, image, checkpointDone) =>
          takeCheckpoint({ snapshots, log: held }, head, image, checkpointDone),
        read: (which, push, readDone) => snapshots.read(which, push, readDone),
        latest: (which) => snapshots.latest(which),
        bytes: (which) => snapshots.fileBytes(which),
        part: (which, slot, position, partDone) => this.#sender!.part(which, slot, position, partDone),
        offer: (which, to) => this.#sender!.offer(which, to),
      },
      messageEntriesMax: protocol.limits.messageEntriesMax,
      send: (speaker, to, message) => transport.send(group, speaker, to, message),
      speaker: () => this.#speaker(),
      queuedBytes: (node) => transport.queuedBytes(node),
      diskFull: () => wal.full,
      leaseStands: (validUntilMs) => this.#leaseStands(validUntilMs),
      wake: () => this.#wake(),
      observer: options.observer ?? null,
    };
    // Power was lost between the snapshot and the log's record of it: the log may go now.
    const head = snapshots.latest(group);
    if (head !== null && head.slot > (groups.get(group)?.durable.base ?? 0)) log.trim(head.slot, head.governing);
    const replica = new GroupReplica(room, engine, durable, start);
    this.#replicas.set(group, replica);
    this.#answers.add(done, null, replica);
  }

  /** What is damaged is repaired from peers. A node without any says so, and stops. */
  #aloneWith(group: number, { governing, faulty, promisedLost }: Durable): QuorateError | null {
    if (faulty.length === 0 && !promisedLost) return null;
    const { voters, nonVoters } = governing.at(-1)!.members;
    if ([...voters, ...nonVoters].some((member) => member.node !== this.#options.id)) return null;
    const fault = this.#wal!.faults[0] ?? { file: "wal", offset: 0, why: "an earlier start found damage" };
    return logCorrupt(fault.file, fault.offset, `${fault.why}. Group ${group} has no other member to repair it from`);
  }

  /** What cannot be read at the start stops the node, not one group: a vote may be missing. */
  #refuseStart(done: Done<Replica>, error: QuorateError): void {
    this.#answers.refuse(done, error);
    this.#fail(error);
  }

  /** The set that a group begins with, each member with the incarnation that the cluster was formed with. */
  #formedSet(identity: Identity, members: Members): Governing | QuorateError {
    const missing: number[] = [];
    const named = (member: Member): Member => {
      if (member.incarnation !== 0) return member;
      const formed = identity.members.find((each) => each.node === member.node);
      if (formed === undefined) missing.push(member.node);
      return { ...member, incarnation: formed?.incarnation ?? 0 };
    };
    const set: Members = { ...members, voters: members.voters.map(named), nonVoters: members.nonVoters.map(named) };
    if (missing.length > 0 || set.voters.length === 0) {
      const words =
        `a group cannot begin with the nodes ${set.voters.map((member) => member.node).join(", ")}: the cluster was formed by ` +
        `${identity.members.map((member) => member.node).join(", ")}. Begin with those, and change the members afterwards`;
      return new QuorateError("BAD_OPTION", "not-applied", words, { node: missing[0] ?? 0 });
    }
    return { members: set, slot: 0, floor: 0 };
  }

  // ── the end ──

  #isEnded(): boolean {
    return this.#state === "failed" || this.#state === "closed";
  }

  #endError(): QuorateError {
    return this.#error ?? closed(`node ${this.#options.id}`, "not-applied", null);
  }

  #fail(error: QuorateError): void {
    if (this.#isEnded()) return;
    this.#halt(error);
    this.#options.onFailed(error);
  }

  /** Nothing leaves any more, and everybody who waits is told. */
  #halt(error: QuorateError): void {
    this.#state = "failed";
    this.#error = error;
    this.#endAll(error);
    // A log that is open may still have writes under way: its folder stays claimed until this process ends.
    if (this.#wal === null) {
      this.#release?.();
      this.#release = null;
    }
    this.#wake();
  }

  #endAll(error: QuorateError | null): void {
    this.#cancelTick();
    this.#sender?.close();
    this.#installer?.close();
    for (const replica of this.#replicas.values()) replica.end(error);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { done } of waiting) this.#answers.refuse(done, this.#endError());
    this.#options.transport.close();
  }
}
