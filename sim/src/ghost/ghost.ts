import {
  type FramePart,
  incarnationOf,
  type PeerMessage,
  segmentKeyOf,
  type StoredRecord,
  type SyncedBytes,
  wholeSnapshot,
  writtenRecords,
} from "@quorate/log";
import type { Composite, RequestId, Settlement } from "@quorate/machine";
import {
  type Accept,
  type Durable,
  type DurableRecord,
  type Entry,
  type Member,
  nodeOf,
  type Output,
  type Speaker,
} from "@quorate/paxos";
import type { Checker } from "../invariants/checker.ts";
import { type ObservedRun, toldOf, Unobservant } from "../world/observer.ts";
import { DiskFacts } from "./disk-facts.ts";
import { GhostBallot } from "./ghost-ballot.ts";
import { GhostLog } from "./ghost-log.ts";
import { GhostNode } from "./ghost-node.ts";
import { StepOutcomes } from "./step-outcomes.ts";
import { type Value, Values } from "./value.ts";

/** The group that runs are made of. */
const GROUP = 1;

/**
 * What an observer knows who sees every disk, message and clock at once; what invariants are checked against. Takes no host's word for what is durable:
 * it reads the synced image of each disk, the new write units as they are synced, and the whole when a process starts.
 */
export class Ghost extends Unobservant {
  /** Counts what happened. */
  at = 0;
  readonly values: Values = new Values();
  readonly log: GhostLog;
  /** Of the step that a replica takes now. */
  readonly step: StepOutcomes = new StepOutcomes();
  readonly ballots: Map<number, GhostBallot> = new Map<number, GhostBallot>();
  run: ObservedRun;
  readonly #cluster: string;
  readonly #nodes = new Map<number, GhostNode>();
  /** By path of the segment; `null`: the file is none. */
  readonly #keys = new Map<string, ReturnType<typeof segmentKeyOf>>();
  #told: Checker | null = null;

  /** @param cluster - the name that its disks bear. */
  constructor(cluster: string, run: ObservedRun) {
    super();
    this.#cluster = cluster;
    this.run = run;
    this.log = new GhostLog((vote, before) => {
      const ballot = this.ballots.get(vote.ballot);
      if (ballot !== undefined) ballot.hasChosen = true;
      this.#told?.chosen(vote, before);
    });
  }

  /** Told, in this order, of what the ghost finds. */
  tell(checkers: readonly Checker[], silent: object): void {
    this.#told = toldOf(silent, checkers) as Checker;
  }

  /**
   * Whether something that `ballot` proposed, at or below `slot`, is chosen: in it, or in one before. Who knows an entry to be chosen
   * counts for the leader that proposes it again, and may not have voted for it again by then.
   */
  hasChosen(ballot: number, slot: number): boolean {
    const led = this.ballots.get(ballot);
    if (led === undefined) return false;
    return led.hasChosen || (led.startSlot > 0 && led.startSlot <= Math.min(slot, this.log.chosenTo));
  }

  /** A node that was seen; a new one the first time. */
  node(id: number): GhostNode {
    let node = this.#nodes.get(id);
    if (node === undefined) this.#nodes.set(id, (node = new GhostNode(id)));
    return node;
  }

  nodes(): Iterable<GhostNode> {
    return this.#nodes.values();
  }

  /** True time of now. */
  get nowMs(): number {
    return this.run.nowMs;
  }

  /** Whether the clocks of all nodes ran within the bound on drift so far: beyond it leases and log time promise nothing. */
  allKeepTime(): boolean {
    for (let node = 1; node <= this.run.nodes; node++) if (!this.run.keepsTime(node)) return false;
    return true;
  }

  // ── processes and disks ──

  override processStarted(end: number): void {
    if (end <= this.run.nodes || this.#nodes.has(end)) this.readDisk(this.node(end));
  }

  override processDied(end: number): void {
    const node = this.#nodes.get(end);
    if (node === undefined) return;
    node.alive = false;
    node.opening = 0;
  }

  override powerLost(id: number): void {
    this.processDied(id);
  }

  override bytesSynced(id: number, path: string, { from, end, image }: SyncedBytes): void {
    const node = this.node(id);
    node.lastSyncMs = this.nowMs;
    const key = this.#keyOf(path);
    if (key === null) return;
    for (const { group, record, moved } of writtenRecords(key, image, from, end).whole) {
      if (group === GROUP) this.held(node, record, moved);
    }
  }

  #keyOf(path: string): ReturnType<typeof segmentKeyOf> {
    let key = this.#keys.get(path);
    if (key === undefined)
      this.#keys.set(path, (key = path.startsWith("wal/") ? segmentKeyOf(this.#cluster, path) : null));
    return key;
  }

  override fileRenamed(id: number, from: string): void {
    if (from.startsWith("snapshot/")) this.#readSnapshots(this.node(id));
  }

  override fileRemoved(id: number, path: string): void {
    const node = this.node(id);
    if (path.startsWith("snapshot/")) this.#readSnapshots(node);
    this.#told?.fileGone(node, path);
  }

  override diskDamaged(id: number): void {
    this.node(id).damaged = true;
  }

  override diskReplaced(id: number, empty: boolean): void {
    const node = this.node(id);
    node.becomes(node.member);
    node.refused = true;
    // A copy may be of what was damaged already.
    if (empty) node.damaged = false;
  }

  /** A record is durable at a node. */
  held(node: GhostNode, record: StoredRecord, moved: boolean = false): void {
    const value = record.kind === "accepted" ? this.values.of(record.entry) : null;
    node.holds(record, value, moved);
    if (!moved) this.#settle(node, record);
    if (record.kind === "accepted" && !node.refused) this.log.voted(node.member, record.entry.ballot, value!);
    this.#told?.held(node, record, value);
  }

  /** Everything that the disk of a node would bring back after a power loss. */
  readDisk(node: GhostNode): void {
    const disk = new DiskFacts();
    const paths = [...this.run.files(node.id)].sort();
    node.hold(disk);
    if (paths.includes("identity")) this.#identify(node, this.run.durable(node.id, "identity"));
    this.#readSnapshots(node);
    for (const path of paths) {
      const key = this.#keyOf(path);
      if (key === null) continue;
      const { whole, damaged } = writtenRecords(key, this.run.durable(node.id, path));
      for (const { group, record, moved } of whole) {
        // The reader is the one of production: what it makes of bytes that were never written is no fact.
        if (group === GROUP && this.#isWritten(node, record)) this.held(node, record, moved);
      }
      // What is left of a unit that was never synced counts for nothing.
      for (const { group, record, moved } of damaged) {
        if (group === GROUP && node.everHeld.implies(record)) this.held(node, record, moved);
      }
    }
  }

  /** Whether a node wrote such a record, for all that is known of it: of votes that is all, but for those on an old copy of a disk. */
  #isWritten(node: GhostNode, record: StoredRecord): boolean {
    if (record.kind !== "accepted" || node.refused) return true;
    const { slot, ballot } = record.entry;
    const value = this.values.of(record.entry);
    const held = node.everHeld.votes.get(slot);
    if (held !== undefined && (held.ballot > ballot || held.value === value)) return true;
    return node.recorded(slot).some((vote) => vote.ballot === ballot && vote.value === value);
  }

  /** A disk of another life than before: what the one before held is not its own. */
  #identify(node: GhostNode, bytes: Uint8Array): void {
    const incarnation = incarnationOf(bytes);
    if (incarnation === null || incarnation === node.member.incarnation) return;
    node.becomes({ node: node.id, incarnation, zone: 0 });
  }

  /** The chunks of the image in the newest whole snapshot of a node, if that is the one of `slot`. */
  imageOf(id: number, slot: number): readonly Uint8Array[] | null {
    for (const path of this.run.files(id)) {
      const chunks: Uint8Array[] = [];
      const push = (chunk: Uint8Array): unknown => chunks.push(chunk);
      const head = wholeSnapshot(this.#cluster, path, this.run.durable(id, path), push);
      if (head !== null && head.group === GROUP && head.slot === slot) return chunks;
    }
    return null;
  }

  #readSnapshots(node: GhostNode): void {
    let to = 0;
    for (const path of this.run.files(node.id)) {
      if (!path.startsWith("snapshot/")) continue;
      const head = wholeSnapshot(this.#cluster, path, this.run.durable(node.id, path));
      if (head !== null && head.group === GROUP) to = Math.max(to, head.slot);
    }
    node.disk.snapshotTo = to;
    node.everHeld.snapshotTo = Math.max(node.everHeld.snapshotTo, to);
    this.#told?.snapshotsRead(node);
  }

  /** Records become durable in the order in which they were written. */
  #settle(node: GhostNode, record: StoredRecord): void {
    const { unsynced } = node;
    for (let index = 0; index < unsynced.length; index++) {
      if (!isSame(unsynced[index]!, record)) continue;
      unsynced.splice(0, index + 1);
      return;
    }
  }

  // ── engines ──

  override replicaBegan(id: number, self: Member, life: number, durable: Durable): void {
    this.at += 1;
    const node = this.node(id);
    this.log.begin(durable.governing[0]!.members);
    if (node.member.incarnation !== self.incarnation) node.becomes(self);
    if (node.damaged) this.#readDamaged(node, durable);
    this.#told?.began(node, durable);
    node.forgetUnsynced();
    node.life = life;
    node.alive = true;
    const last = durable.governing.at(-1)!;
    node.promised = Math.max(durable.promised, ...durable.governing.map(({ floor }) => floor));
    node.promisedBefore = node.promised;
    node.chosenTo = durable.base;
    node.appliedTo = durable.base;
    node.governing = last;
    node.governingBefore = last;
    node.leader = 0;
    node.opening = 0;
    node.openingBefore = 0;
  }

  /** Recovery finds whole records where the header around them is damaged; that it makes none up is looked at by M1. */
  #readDamaged(node: GhostNode, { accepted, promised, faulty, promisedLost, leaseMsMax }: Durable): void {
    for (const entry of accepted) node.disk.note({ kind: "accepted", entry }, this.values.of(entry), true);
    node.disk.note({ kind: "promised", ballot: promised }, null, true);
    node.disk.note({ kind: "lease", leaseMsMax }, null, true);
    node.disk.note({ kind: "faulty", slots: faulty }, null, false);
    if (promisedLost) node.disk.note({ kind: "promised-lost" }, null, true);
  }

  override output(id: number, output: Output, clockMs: number): void {
    this.at += 1;
    const node = this.node(id);
    node.promisedBefore = node.promised;
    node.governingBefore = node.governing;
    node.openingBefore = node.opening;
    for (const record of output.records) this.#recorded(node, record);
    this.#told?.outputOf(node, output, clockMs);
    node.chosenTo = output.chosenTo;
    node.governing = output.governing;
    node.leader = output.leader;
    const isOpened = output.opening !== 0 && output.opening !== node.opening;
    node.opening = output.opening;
    if (isOpened) this.#told?.opened(node, output.opening);
  }

  #recorded(node: GhostNode, record: DurableRecord): void {
    const value = record.kind === "accepted" ? this.values.of(record.entry) : null;
    this.#told?.recorded(node, record, value);
    node.unsynced.push(record);
    if (record.kind === "promised") {
      node.promised = Math.max(node.promised, record.ballot);
      const known = this.ballots.get(record.ballot);
      if (nodeOf(record.ballot) === node.id && (known === undefined || (known.life !== node.life && !known.isUsed))) {
        node.prepared.set(record.ballot, this.at);
        this.ballots.set(record.ballot, new GhostBallot(record.ballot, node.id, node.life, this.at));
      }
    } else if (record.kind === "accepted") {
      node.record(record.entry.slot, record.entry.ballot, value!, this.at);
    }
  }

  override settled(_node: number, request: RequestId, settlement: Settlement, revisionBefore: number): void {
    this.step.settled(request, settlement, revisionBefore);
  }

  override applied(_node: number, _entry: Entry, _counted: boolean, _composite: Composite): void {
    this.step.applied();
  }

  // ── messages ──

  override messageSent(id: number, speaker: Speaker, _to: readonly number[], message: PeerMessage): void {
    const node = this.node(id);
    this.#told?.said(node, speaker, message);
    if (message.kind === "prepare") {
      const led = this.ballots.get(message.ballot);
      if (led !== undefined) led.isUsed = true;
    }
    if (message.kind === "accept") this.#proposed(node, message);
    else if (message.kind === "heartbeat") this.#leads(message.ballot, message.startSlot);
  }

  #leads(ballot: number, startSlot: number): void {
    const led = this.ballots.get(ballot);
    if (led !== undefined && led.startSlot === 0) led.startSlot = startSlot;
  }

  #proposed(node: GhostNode, { ballot, startSlot, entries }: Accept): void {
    this.#leads(ballot, startSlot);
    const led = this.ballots.get(ballot);
    if (led === undefined) return;
    for (const entry of entries) {
      const value = this.values.of(entry);
      const before = led.proposals.get(entry.slot) ?? null;
      if (before === value) continue;
      this.#told?.proposed(node, led, entry, value, before);
      if (before === null) led.proposals.set(entry.slot, value);
    }
  }

  override frameDelivered(_frame: number, _from: number, to: number, parts: readonly FramePart[]): void {
    for (const { speaker, message } of parts) {
      if (message.kind === "prepare") {
        const { prepared } = this.node(to);
        this.at += 1;
        if (!prepared.has(message.ballot)) prepared.set(message.ballot, this.at);
      } else if (message.kind === "promise" && nodeOf(message.ballot) === to) {
        this.ballots
          .get(message.ballot)
          ?.hears(speaker.node, speaker.incarnation, message, (entry: Entry): Value => this.values.of(entry));
      }
    }
  }
}

function isSame(one: DurableRecord, other: StoredRecord): boolean {
  if (one.kind !== other.kind) return false;
  if (one.kind === "accepted") {
    const entry = (other as { readonly entry: Entry }).entry;
    return one.entry.slot === entry.slot && one.entry.ballot === entry.ballot;
  }
  if (one.kind === "promised") return one.ballot === (other as { readonly ballot: number }).ballot;
  if (one.kind === "members") {
    return one.governing.slot === (other as { readonly governing: { readonly slot: number } }).governing.slot;
  }
  if (one.kind === "chosen") return one.slot === (other as { readonly slot: number }).slot;
  return true;
}
