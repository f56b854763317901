import type { ServerFrame } from "@quorate/client";
import {
  createHost,
  type DiskOperation,
  initialMembers,
  LOG_LIMITS,
  MemoryDisk,
  type Replica,
  type ReplicaState,
  SECTOR_BYTES,
  SNAPSHOT_DEFAULTS,
  WAL_DEFAULTS,
  type WalLimits,
  withoutSync,
} from "@quorate/log";
import { type Code, compose, type QuorateError } from "@quorate/machine";
import { ENGINE_DEFAULTS, quorumOf } from "@quorate/paxos";
import { ObservedComposite } from "../ghost/observed-composite.ts";
import { ClientPort } from "./client-port.ts";
import type { RunConfig } from "./config.ts";
import { DiskDamage } from "./disk-damage.ts";
import { keyedBits, keyedFraction, keyedSeed, Purpose, textBits } from "./keyed-random.ts";
import { ObservedReplica } from "./observed-replica.ts";
import { ruleOf } from "./operator.ts";
import { observedTransport } from "./observed-transport.ts";
import { MachineClocks, Process } from "./process.ts";
import type { World } from "./world.ts";

const GROUP = 1;
/** Failure domains, where quorums heed them. */
const ZONES = 3;
/** What the cluster is called, on every disk. */
export const CLUSTER = "simulated";
/** An old copy of a disk runs for so long, then the operator sees that nobody listens to it. */
const OLD_COPY_MS = 1500;
/** What a damaged disk lacks has been told by then. */
const MENDED_AFTER_MS = 500;
/** Operations that end with a sync, of a file or of its folder. */
function isDurableWhenDone(kind: DiskOperation["kind"]): boolean {
  return kind === "sync" || kind === "create" || kind === "rename" || kind === "remove";
}

/** A process that stopped serving is started anew after this. */
const RESTART_MS = 500;

/** Of one batch, at most; fewer where segments are small. */
const BATCH_BYTES_MAX = 16 * 1024;

/** Small segments and units, so that a short run fills, rotates and trims many. */
function walLimitsOf({ segmentBytes, sealMs }: RunConfig): WalLimits {
  return { ...WAL_DEFAULTS, segmentBytes, sealMs, unitBytesMax: segmentBytes / 2, cacheBytesMax: segmentBytes / 4 };
}

/** As by default: an election timeout waits for so many heartbeats. */
const HEARTBEATS_PER_TIMEOUT = 6;

/** Faster than any clock may drift against true time: rates stay inside the bound of 2 %. */
const RATE_SPREAD = 0.019;

/** Of each machine its own, from half to twice of what is asked for: so their logs begin in different places. */
function checkpointEntriesOf({ seed, config }: World, id: number): number {
  const part = 2 * keyedFraction(seed, Purpose.checkpointEntries, id) - 1;
  return Math.max(1, Math.round(config.checkpointEntries * 2 ** part));
}

/** How many of eight unsynced sectors a power loss leaves whole: few, half of them, or all but one. */
function keptOf8(choice: number): number {
  return [2, 4, 7][(choice >>> 20) % 3]!;
}

/** Clocks of one machine: a rate within the drift bound, and a start that is nobody else's. */
export function clocksOf(world: World, id: number): MachineClocks {
  const rate = 1 + RATE_SPREAD * (2 * keyedFraction(world.seed, Purpose.clockRate, id) - 1);
  return new MachineClocks(world.time, rate, Math.floor(1e6 * keyedFraction(world.seed, Purpose.clockStart, id)));
}

/** One machine of the cluster: its disk and clocks outlive the processes of production code that run on it. */
export class SimulatedNode {
  readonly id: number;
  readonly clocks: MachineClocks;
  /** Failure domain. */
  readonly zone: number;
  disk: MemoryDisk;
  /** The process that runs now; null: none. */
  process: Process | null = null;
  replica: Replica | null = null;
  /** The power is off: nobody refuses a connection. */
  dark = false;
  starts = 0;
  /** Of its disk, once it belongs to a cluster; 0: not yet. */
  incarnation = 0;
  /** It was told to join a formed cluster, instead of forming one. */
  #joins: boolean;
  #ports = new Set<ClientPort>();
  #observed: ObservedReplica | null = null;
  /** The process has stopped serving for good, for a reason that its disk gave. */
  #broken = false;
  /** Of which files the next sync fails, whichever process asks for it; null: of none. */
  #syncFails: ((path: string) => boolean) | null = null;
  /** The file whose sync fails, until that is begun; empty: none. */
  #syncFailing = "";
  /** The disk was emptied, and the cluster does not know it yet. */
  #isWiped = false;
  /** What was synced may be unreadable; the start that will find out. 0: nothing is. */
  #damagedFrom = 0;
  /** When the replica began to serve, in this life of the process. */
  #servesFromMs = Infinity;
  readonly #damage: DiskDamage;
  #copy: { readonly incarnation: number; readonly unit: number; readonly disk: MemoryDisk } | null = null;
  /** Its disk is an old copy, which nobody listens to. */
  #isOldCopy = false;
  #oldCopyStart = 0;
  #walUnit: () => number = () => 0;
  /** Codes that faults of the disk explain, in this life of the process. */
  readonly #explained = new Set<Code>();
  readonly #world: World;
  readonly #diskFreeMs = new Map<string, number>();
  #diskOperations = 0;
  /** The latest. */
  #logWrite: DiskOperation | null = null;
  /** Faults under way in which the disk completes nothing. */
  #stalls = 0;
  /** What it would have completed since, in that order. */
  #stalled: (() => void)[] = [];

  constructor(world: World, id: number) {
    this.#world = world;
    this.id = id;
    this.clocks = clocksOf(world, id);
    this.zone = world.config.quorum === "zones" ? id % ZONES : 0;
    this.#joins = id > world.config.nodes;
    this.#damage = new DiskDamage(
      () => this.disk,
      (run) => world.time.after(0, run),
    );
    this.disk = this.#emptyDisk();
  }

  start(): void {
    if (this.process !== null) return;
    // The operator has seen that nobody listens to it.
    if (this.#isOldCopy && this.starts >= this.#oldCopyStart) return this.#rejoin();
    const world = this.#world;
    const { id } = this;
    const { nodes, plant, leaseMs, electionTimeoutMs } = world.config;
    const { turnRoundsMax, windowSlots, messageEntriesMax, segmentBytes } = world.config;
    const { chunkBytes, snapshotBytesPerSecond } = world.config;
    // A batch must fit into one write unit.
    const batchBytesMax = Math.min(BATCH_BYTES_MAX, segmentBytes / 4);
    const batchCommandsMax = Math.min(world.config.batchCommandsMax, segmentBytes / 1024);
    const process = new Process(world.time, this.clocks, () => undefined);
    this.process = process;
    this.clocks.wakeForGood();
    this.dark = false;
    this.starts += 1;
    this.#broken = false;
    this.#explained.clear();
    if (this.disk.bytesMax < Infinity) this.#explained.add("DISK_FULL");
    if (this.#syncFails !== null) this.#explained.add("LOG_FAILED");
    if (this.#isWiped || this.#isOldCopy) this.#explained.add("WIPED");
    if (this.#damagedFrom > 0) for (const code of ["LOG_CORRUPT", "WIPED"] as const) this.#explained.add(code);
    this.#servesFromMs = Infinity;
    const all = Array.from({ length: nodes }, (_, index) => index + 1);
    const transport = observedTransport(world.peers.transport(id), world.config.wire, (speaker, to, message) =>
      world.sent(id, speaker, to, message),
    );
    const later = (run: () => void): void => world.time.after(0.5, () => process.enter(run));
    const host = createHost({
      cluster: CLUSTER,
      id,
      initialNodes: all,
      join: this.#joins,
      disk: plant === "sync-does-nothing" ? withoutSync(this.disk, later) : this.disk,
      transport,
      clock: process.clock,
      seed: keyedSeed(world.seed, Purpose.nodeSeed, id, this.starts),
      limits: {
        ...LOG_LIMITS,
        checkpointEntries: checkpointEntriesOf(world, id),
        commandBytesMax: batchBytesMax,
        batchBytesMax,
        batchCommandsMax,
        turnRoundsMax,
        supplyBytesPerTurn: 16 * 1024,
      },
      walLimits: walLimitsOf(world.config),
      snapshotLimits: { ...SNAPSHOT_DEFAULTS, chunkBytes, sendBytesPerSecond: snapshotBytesPerSecond },
      protocol: {
        ...ENGINE_DEFAULTS,
        electionTimeoutMs,
        heartbeatMs: electionTimeoutMs / HEARTBEATS_PER_TIMEOUT,
        limits: { ...ENGINE_DEFAULTS.limits, windowSlots, messageEntriesMax },
      },
      onFailed: (error) => this.#fail(process, error),
    });
    const composed = compose(world.subject.machines, {
      onFault: ({ machine, during, revision, error }) =>
        world.report(
          "X3",
          `machine ${machine} threw in ${during} at revision ${revision} of node ${id}: ${String(error)}`,
        ),
    });
    const machine = new ObservedComposite(composed, (request, settlement, revisionBefore) =>
      world.observer.settled(id, request, settlement, revisionBefore),
    );
    const observer = new ObservedReplica(id, world.observer);
    this.#observed = observer;
    world.observer.processStarted(id, this.starts);
    const initial = initialMembers(all, leaseMs);
    const members = {
      ...initial,
      voters: initial.voters.map((member) => ({ ...member, zone: world.nodes[member.node - 1]!.zone })),
      quorum: ruleOf(world.config, nodes),
    };
    host.open({ group: GROUP, machine, members, observer }, (error, replica) => {
      if (error !== null) this.#fail(process, error);
      else if (this.process === process) {
        this.replica = replica;
        this.incarnation = host.status().incarnation;
        this.#servesFromMs = world.time.nowMs;
        this.#walUnit = () => host.status().walUnit;
        if (this.#joins && id <= nodes) world.coverage.hit("wiped disk back under another incarnation");
        this.#isWiped = false;
      }
    });
  }

  /** The machine is lost with its disk; an empty one takes its place. Whoever starts it does not know. */
  wipe(): void {
    this.#end();
    this.dark = true;
    this.#world.observer.powerLost(this.id);
    this.#empty();
    this.#world.observer.diskReplaced(this.id, true);
    this.incarnation = 0;
    this.#syncFails = null;
    this.#isWiped = true;
    this.#isOldCopy = false;
    this.#damagedFrom = 0;
  }

  /** The process dies; what it wrote stays as the operating system has it. */
  kill(): void {
    if (this.process === null) return;
    this.#end();
    this.disk.kill();
    this.#world.observer.processDied(this.id);
  }

  /** The power goes: of the unsynced sectors each is kept, lost or torn, as `choice` and its place say. */
  losePower(choice: number): void {
    this.#end();
    this.dark = true;
    this.#world.observer.powerLost(this.id);
    let isTorn = false;
    this.disk.crash(({ kind, path, sector }) => {
      const bits = keyedBits(choice, Purpose.sectorKept, this.id, textBits(path), sector);
      if (kind === "name") return bits & 1;
      if (bits % 8 < keptOf8(choice)) return SECTOR_BYTES;
      if ((bits >>> 3) % 3 > 0) return 0;
      isTorn ||= this.#isInLogWrite(path, sector * SECTOR_BYTES);
      return (bits >>> 8) % SECTOR_BYTES;
    });
    if (isTorn) this.#world.observer.logTorn(this.id);
  }

  /** There is no space until the returned function is called. */
  fillDisk(): () => void {
    this.disk.bytesMax = this.disk.bytesUsed;
    this.#explained.add("DISK_FULL");
    return () => {
      this.disk.bytesMax = Number.POSITIVE_INFINITY;
    };
  }

  /** The disk completes nothing until the returned function is called, and then at once what has waited. */
  stallDisk(): () => void {
    this.#stalls++;
    return () => {
      if (--this.#stalls === 0) for (const completes of this.#stalled.splice(0)) completes();
    };
  }

  /** The next sync of such a file fails, unless the returned function is called before it. */
  failSync(of: (path: string) => boolean): () => void {
    if (this.process === null) return () => undefined;
    this.#explained.add("LOG_FAILED");
    this.#syncFails = of;
    return () => {
      this.#syncFails = null;
    };
  }

  /** An old copy of the disk is put back, if there is one that may be; else a copy is made. */
  swapCopy(): void {
    if (!this.putBackCopy()) this.#makeCopy();
  }

  /** Puts an old copy of the disk back, if there is one that may be: of this life of the disk, which all others know to have written more. */
  putBackCopy(): boolean {
    const copy = this.#copy;
    if (copy?.incarnation !== this.incarnation) return false;
    if (!this.#isRefusedWith(copy.unit) || !this.#world.atlas.takes(this)) return false;
    this.#putBack(copy.disk);
    return true;
  }

  /** Something that was synced rots. Does nothing where there is nothing. */
  rot(choice: number): void {
    if (this.#damage.rot(choice)) this.#damaged();
  }

  /** The next write of the log is lost, or lands in another place. */
  spoilWrite(kind: "lost" | "misdirected", choice: number): void {
    if (this.process === null) return;
    this.#damage.arm(kind, choice);
    this.#damaged();
  }

  /** A connection of a client, if a process is there to take it. */
  accept(
    send: (frames: readonly ServerFrame[]) => void,
  ): { readonly process: Process; readonly port: ClientPort } | null {
    const { process } = this;
    if (process === null) return null;
    const port = new ClientPort({
      node: this.id,
      process,
      replica: () => (this.process === process ? this.replica : null),
      readsAreStale: this.#world.config.plant === "reads-are-stale",
      send,
    });
    this.#ports.add(port);
    return { process, port };
  }

  /** The ballot that its replica is open in; 0: none. */
  get opening(): number {
    return this.replica === null ? 0 : this.#observed!.opening;
  }

  /** What can be seen from outside, and the invariants on it; null: it does not serve. */
  look(): ReplicaState | null {
    const { process } = this;
    if (this.replica === null || process === null) return null;
    const status = this.replica.state();
    const { hash } = this.#world;
    hash.add(status.chosenTo);
    hash.add(status.digest);
    hash.add(status.ballot);
    this.#lookAtDamage(status);
    // Its damage may have made it begin anew meanwhile: then that is another process.
    if (status.error !== null) this.#fail(process, status.error);
    return status;
  }

  /** In words, for reports. */
  describe(): string {
    const status = this.replica?.state() ?? null;
    if (status === null) return `node ${this.id} ${this.process === null ? "is down" : "does not serve yet"}`;
    const { role, leader, ballot, opening, chosenTo, appliedTo } = status;
    return (
      `node ${this.id} is ${role}, leader ${leader}, ballot ${ballot}, open in ${opening}, ` +
      `chosen to ${chosenTo}, applied to ${appliedTo}`
    );
  }

  #emptyDisk(): MemoryDisk {
    this.#damage.replaced();
    return this.#wired(new MemoryDisk({ later: (run, operation) => this.#later(run, operation) }));
  }

  /** What is told of a disk, and what goes wrong with it. */
  #wired(disk: MemoryDisk): MemoryDisk {
    disk.synced = (path, synced) => {
      this.#world.observer.bytesSynced(this.id, path, synced);
      this.#damage.synced(path);
    };
    disk.fault = (operation) => {
      const { kind, path, position, bytes } = operation;
      if (kind === "write") {
        this.#world.observer.writeIssued(this.id, path, position, bytes);
        if (path.startsWith("wal/")) this.#logWrite = operation;
      }
      this.#damage.noted(operation);
      this.#world.diskOperates(this, operation);
      if (kind !== "sync" || !(this.#syncFails?.(path) ?? false)) return null;
      this.#syncFails = null;
      this.#syncFailing = path;
      if (!path.startsWith("wal/")) this.#world.coverage.hit("sync of a snapshot failed");
      return { kind: "error", position: 0 };
    };
    return disk;
  }

  #makeCopy(): void {
    const set = this.replica?.state().governing.members;
    if (this.incarnation === 0 || set === undefined) return;
    // Who needs nobody else to lead is told by nobody that its disk is an old copy.
    const quorum = quorumOf(set);
    if (quorum.prepare(quorum.bit(this.id, this.incarnation))) return;
    const disk = this.disk.copy(() => undefined);
    disk.kill();
    // Two more may be on their way to the disk.
    this.#copy = { incarnation: this.incarnation, unit: this.#walUnit() + 2, disk };
  }

  /** Every other machine knows that this disk has written more: what only one that cannot be asked has heard would go unnoticed. */
  #isRefusedWith(unit: number): boolean {
    const { nodes, heard } = this.#world;
    return nodes.every(
      ({ id, incarnation }) =>
        id === this.id || incarnation === 0 || heard.durable(id, this.id, this.incarnation) > unit,
    );
  }

  #putBack(copy: MemoryDisk): void {
    this.#end();
    this.dark = true;
    this.#world.observer.powerLost(this.id);
    this.#damage.replaced();
    this.disk = this.#wired(copy.copy((run, operation) => this.#later(run, operation)));
    this.#world.observer.diskReplaced(this.id, false);
    this.#isOldCopy = true;
    this.#oldCopyStart = this.starts + 1;
    this.#copy = null;
    this.#world.coverage.hit("old copy of a disk put back");
    this.start();
    const { process } = this;
    this.#world.time.after(OLD_COPY_MS, () => {
      if (this.process === process) this.#rejoin();
    });
  }

  #damaged(): void {
    this.#damagedFrom = this.starts + 1;
    this.#world.observer.diskDamaged(this.id);
    this.#explained.add("LOG_CORRUPT");
    // Without its end a log is an older copy of itself.
    this.#explained.add("WIPED");
  }

  /** A disk that was read anew and mended from peers can be relied on again; a vote that is lost is lost for this incarnation. */
  #lookAtDamage({ damage: { faulty, cured, mute } }: ReplicaState): void {
    const isKnown = this.#damagedFrom > 0 && this.starts >= this.#damagedFrom;
    if (!isKnown || this.#world.time.nowMs - this.#servesFromMs < MENDED_AFTER_MS) return;
    if (mute) return this.#rejoin();
    // An old copy is lost for good, whatever of it can be read.
    if (faulty > 0 || this.#isOldCopy) return;
    if (cured > 0) this.#world.coverage.hit("corruption in the middle of a log repaired");
    this.#damagedFrom = 0;
    this.#world.atlas.mended(this);
  }

  /** The operator gives the machine an empty disk and lets it join: it comes back under another incarnation, in the old one's place. */
  #rejoin(): void {
    this.wipe();
    this.#joins = true;
    this.#isWiped = false;
    this.start();
  }

  #end(): void {
    this.#damage.processEnded();
    this.#syncFailing = "";
    this.process?.end();
    this.process = null;
    this.replica = null;
    for (const port of this.#ports) port.close();
    this.#ports.clear();
    // A transport that is never opened stands in for a machine without the process.
    this.#world.peers.transport(this.id);
  }

  /** A process that stopped serving because of its disk is started anew; any other must not stop. */
  #fail(process: Process, error: QuorateError): void {
    if (this.process !== process || error.code === "CLOSED") return;
    this.#world.observer.processFailed(this.id, error);
    if (this.#explained.has(error.code)) {
      if (!this.#broken) this.#supervise(process, error.code);
      this.#broken = true;
      return;
    }
    this.#world.report("X2", `node ${this.id} stopped serving: ${error.code}: ${error.message}`);
  }

  /** Starts the process anew after a while, as whoever watches over a machine does. */
  #supervise(process: Process, code: Code): void {
    this.#world.time.after(RESTART_MS, () => {
      if (this.process !== process) return;
      // What these errors say: empty the folder, and start it with join.
      if (code === "WIPED" || code === "LOG_CORRUPT") return this.#rejoin();
      this.kill();
      this.start();
    });
  }

  #empty(): void {
    for (const path of this.disk.paths()) this.#world.observer.fileRemoved(this.id, path);
    this.disk = this.#emptyDisk();
  }

  #isInLogWrite(path: string, position: number): boolean {
    const last = this.#logWrite;
    if (last === null || last.path !== path) return false;
    return position < last.position + last.bytes && position + SECTOR_BYTES > last.position;
  }

  /** Operations on one file complete in order. */
  #later(run: () => void, { kind, path, position, bytes }: DiskOperation): void {
    const world = this.#world;
    const { process } = this;
    world.hash.addText(kind);
    world.hash.add(position);
    world.hash.add(bytes);
    const fraction = keyedFraction(world.seed, Purpose.diskDelay, this.id, ++this.#diskOperations);
    const durationMs = isDurableWhenDone(kind) ? 0.5 + 2.5 * fraction : 0.02 + 0.1 * fraction;
    const begunMs = Math.max(world.time.nowMs, this.#diskFreeMs.get(path) ?? 0);
    const atMs = begunMs + durationMs;
    this.#diskFreeMs.set(path, atMs);
    const { observer } = world;
    const isFailing = kind === "sync" && path === this.#syncFailing;
    if (isFailing) this.#syncFailing = "";
    const complete =
      kind === "rename" || kind === "remove"
        ? () => {
            run();
            if (kind === "rename") observer.fileRenamed(this.id, path);
            else observer.fileRemoved(this.id, path);
          }
        : isFailing
          ? () => {
              observer.syncFailed(this.id, path);
              run();
            }
          : run;
    const completes = (): void => {
      if (this.#stalls > 0) this.#stalled.push(completes);
      else if (process === this.process) process?.enter(complete);
    };
    world.time.at(atMs, completes);
  }
}
