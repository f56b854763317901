import {
  type Clock,
  type Composite,
  MACHINE_NAME_LENGTH_MAX,
  QuorateError,
  type ReadLevel,
  type Reply,
  type RequestId,
  type Watcher,
} from "@quorate/machine";
import type {
  Damage,
  Durable,
  Engine,
  Entry,
  Governing,
  Members,
  Message,
  Output,
  Refusal,
  Speaker,
  Standing,
} from "@quorate/paxos";
import type { Done } from "../disk/disk.ts";
import {
  closed,
  diverged,
  logCorrupt,
  malformed,
  noLeader,
  overloaded,
  refused,
  tooLarge,
  unreadableImage,
  writesHeld,
} from "../errors.ts";
import type { LogLimits } from "../limits.ts";
import { checkpointDue } from "../snapshot/checkpoint.ts";
import type { DigestReport, PeerMessage, SnapshotChunk } from "../transport/transport.ts";
import type { GroupLog, SnapshotHead } from "../wal/group-log.ts";
import type { Answers } from "./answers.ts";
import { Applier } from "./applier.ts";
import { Batcher } from "./batcher.ts";
import { CarryOut } from "./carry-out.ts";
import { Counters } from "./counters.ts";
import { Digests } from "./digests.ts";
import { Governings } from "./governings.ts";
import type { HeldLog } from "./held-log.ts";
import { ImageReader } from "./image-reader.ts";
import { Reads } from "./reads.ts";
import { Repair } from "./repair.ts";
import { Replies } from "./replies.ts";
import { SnapshotWishes } from "./snapshot-wishes.ts";
import type { ReplicaObserver } from "./replica-observer.ts";
import { Watches } from "./watches.ts";

/** What a replica is, at one moment. */
export interface ReplicaState {
  readonly group: number;
  readonly role: "leader" | "follower" | "non-voter" | "removed";
  /** The node believed to lead; 0: none is known. */
  readonly leader: number;
  /** The highest ballot promised here. */
  readonly ballot: number;
  /** The ballot that this node is open in; 0: it takes no writes. */
  readonly opening: number;
  readonly chosenTo: number;
  readonly appliedTo: number;
  readonly revision: number;
  readonly logTimeMs: number;
  readonly digest: number;
  /** The set of members in force. */
  readonly governing: Governing;
  /** First slot that is still readable in the log. */
  readonly slotFirst: number;
  /** The last checkpoint covers everything to here. */
  readonly checkpointTo: number;
  /** Commands and their bytes that wait for a batch, and batches that are proposed and not applied. */
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly undecided: number;
  readonly watchers: number;
  /** Slots that cannot be read here, those mended since the start, and whether the vote is lost for this incarnation. */
  readonly damage: Damage;
  /** Why it stopped serving for good. */
  readonly error: QuorateError | null;
}

/** What a replica is, and did since it began. */
export interface ReplicaStatus extends ReplicaState {
  /** How often each thing happened, by name. */
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * One group's part on this node: bytes in, bytes out. Every `done` comes once, in a later turn. The bytes that are given are kept as they
 * are: copy first what would pin something larger.
 */
export interface Replica {
  /**
   * One command, into the log. `releasedTo`: the owner has the results of all its requests up to this number.
   * The error's outcome is `not-applied` only on the log's word, or if this copy was never handed to an engine; `unknown` asks to send
   * the same number again, here or elsewhere; `detail.leader` of `NO_LEADER` hints where (0: unknown).
   */
  submit(request: RequestId, releasedTo: number, machine: string, command: Uint8Array, done: Done<Reply>): void;
  /** At any replica. `minRevision` counts for level `session`: the last revision that the session saw. */
  read(level: ReadLevel, minRevision: number, machine: string, query: Uint8Array, done: Done<Reply>): void;
  /** Begins once revision `minRevision` is applied here. `wake` comes at the end of a turn: a pull may find something, or throw `CLOSED`. */
  watch(
    minRevision: number,
    machine: string,
    request: Uint8Array,
    wake: () => void,
    done: Done<Watcher<Uint8Array>>,
  ): void;
  /**
   * Part of a snapshot file. `slot` 0: of the newest that reflects `minRevision`; if there is none, one is made, as a checkpoint. `slot` above 0: what
   * follows in that one. `TOO_STALE`: the revision did not come in time; `COMPACTED`: that snapshot is gone; `DISK_FULL`: none could be made.
   */
  snapshot(slot: number, position: number, minRevision: number, done: Done<SnapshotChunk>): void;
  /** `done`: the first step was taken by the engine. It is chosen when `status().governing` shows it. */
  changeMembers(target: Members, done: Done): void;
  transferTo(node: number, done: Done): void;
  stepDown(): void;
  /** For whoever asks often: {@link Replica.status} without its counters. */
  state(): ReplicaState;
  status(): ReplicaStatus;
}

/** Where a replica's state is saved to and comes from. */
export interface ReplicaSnapshots {
  /** Makes a checkpoint durable, then lets the log below it go. `image` is released in any case. */
  checkpoint(head: SnapshotHead, image: ReturnType<Composite["image"]>, done: Done): void;
  /** Reads the newest snapshot, chunk by chunk. */
  read(group: number, push: (chunk: Uint8Array) => void, done: Done<SnapshotHead | null>): void;
  /** The head of the newest snapshot; `null`: there is none. */
  latest(group: number): SnapshotHead | null;
  /** Bytes of the newest snapshot; 0: there is none. */
  bytes(group: number): number;
  /** Bytes of the snapshot to `slot`, for a client; `null`: it is gone. */
  part(group: number, slot: number, position: number, done: Done<SnapshotChunk | null>): void;
  /** Sends the newest snapshot to a peer that lacks it. */
  offer(group: number, to: number): void;
}

/** What a replica is given by its host. */
export interface ReplicaRoom {
  readonly group: number;
  readonly node: number;
  readonly incarnation: number;
  readonly clock: Clock;
  readonly limits: LogLimits;
  readonly answers: Answers;
  readonly log: GroupLog;
  /** What the log keeps below the newest checkpoint, for peers. */
  readonly held: HeldLog;
  readonly snapshots: ReplicaSnapshots;
  readonly messageEntriesMax: number;
  send(speaker: Speaker, to: readonly number[], message: PeerMessage): void;
  speaker(): Speaker;
  queuedBytes(node: number): number;
  diskFull(): boolean;
  leaseStands(validUntilMs: number): boolean;
  /** Makes sure that a turn comes. */
  wake(): void;
  /** `null`: nobody looks. */
  readonly observer: ReplicaObserver | null;
}

/** The state that a replica begins with: of a snapshot, or none. */
export interface ReplicaStart {
  readonly composite: Composite;
  readonly slot: number;
  readonly standing: Standing;
}

/** A replica, as its host drives it: input is gathered, then one `turn` takes it all. */
export class GroupReplica implements Replica {
  readonly #room: ReplicaRoom;
  readonly #engine: Engine;
  readonly #propose: Engine["propose"];
  readonly #answers: Answers;
  readonly #limits: LogLimits;
  readonly #governings: Governings;
  readonly #replies: Replies;
  readonly #batcher: Batcher;
  readonly #applier: Applier;
  readonly #carryOut: CarryOut;
  readonly #reads: Reads;
  readonly #watches: Watches;
  readonly #repair: Repair;
  readonly #wishes: SnapshotWishes;
  readonly #digests: Digests;
  readonly #counters = new Counters();
  #inbox: { readonly from: Speaker; readonly message: Message }[] = [];
  #inputs: (() => void)[] = [];
  /** The coming turn goes on where the last one broke off; the first one begins. */
  #goesOn = true;
  #governing: Governing;
  #leader = 0;
  #promised = 0;
  #damage: Damage = { faulty: 0, cured: 0, mute: false };
  #chosenTo: number;
  /** Where the state came from a snapshot: what the log has at or below may be votes that lost. Above, each entry was applied here. */
  #restoredTo: number;
  #checkpointTo: number;
  #checkpointing = false;
  /** One is taken though none is due. */
  #checkpointWanted = false;
  #checkpointNotBeforeMs = 0;
  #installing = false;
  #arrived: SnapshotHead | null = null;
  #membersSlot = 0;
  #reportedMs = 0;
  #reportedSlot = 0;
  #failure: QuorateError | null = null;

  constructor(room: ReplicaRoom, engine: Engine, durable: Durable, start: ReplicaStart) {
    this.#room = room;
    this.#engine = engine;
    this.#propose = engine.propose.bind(engine);
    this.#answers = room.answers;
    this.#limits = room.limits;
    this.#governings = new Governings(durable.governing);
    this.#governing = durable.governing.at(-1)!;
    this.#membersSlot = durable.governing[0]!.slot;
    this.#chosenTo = durable.base;
    this.#restoredTo = Math.max(durable.base, start.slot);
    this.#checkpointTo = durable.base;
    this.#replies = new Replies(room.answers);
    this.#batcher = new Batcher(room.limits);
    this.#digests = new Digests(room.limits.digestSlots);
    this.#watches = new Watches(room.group, room.limits, room.answers);
    this.#applier = new Applier(
      start.composite,
      (request, settlement) => this.#replies.settle(request, settlement),
      (entry, counted) => this.#applied(entry, counted),
    );
    const self = { node: room.node, incarnation: room.incarnation, zone: 0 };
    room.observer?.began(self, room.speaker().life, durable, start.composite);
    if (start.slot > 0) this.#applier.replace(start.composite, start.slot, start.standing);
    this.#carryOut = new CarryOut(room.log, this.#governings, room.send, room.wake);
    this.#reads = new Reads({
      group: room.group,
      limits: room.limits,
      answers: room.answers,
      composite: () => this.#applier.composite,
      appliedTo: () => this.#applier.appliedTo,
      leader: () => this.#leader,
      leaseStands: room.leaseStands,
      observer: room.observer,
    });
    this.#wishes = new SnapshotWishes({
      group: room.group,
      limits: room.limits,
      answers: room.answers,
      latest: () => room.snapshots.latest(room.group),
      part: (slot, position, done) => room.snapshots.part(room.group, slot, position, done),
    });
    this.#repair = new Repair({
      limits: room.limits,
      log: room.log,
      governings: this.#governings,
      messageEntriesMax: room.messageEntriesMax,
      restoredTo: () => this.#restoredTo,
      appliedTo: () => this.#applier.appliedTo,
      chosenTo: () => this.#chosenTo,
      queuedBytes: room.queuedBytes,
      send: (to, message) => room.send(room.speaker(), [to], message),
      unreadable: (slot) => {
        this.#counters.add("entries-unreadable");
        if (slot > this.#checkpointTo) this.checkpointFor(slot);
      },
      gives: (to, slotFrom) => room.held.gave(to, slotFrom - 1),
      offerSnapshot: (to) => {
        room.held.offered(to, room.snapshots.latest(room.group)?.slot ?? 0);
        room.snapshots.offer(room.group, to);
      },
      wake: room.wake,
    });
  }

  get appliedTo(): number {
    return this.#applier.appliedTo;
  }

  // ── for the callers of the log ──

  submit(request: RequestId, releasedTo: number, machine: string, command: Uint8Array, done: Done<Reply>): void {
    const waiting = this.#replies.find(request);
    if (waiting !== undefined) {
      this.#counters.add("submit-again");
      waiting.tell.push(done);
      return;
    }
    const error = this.#refusal(request, releasedTo, machine, command);
    if (error !== null) {
      this.#counters.add(`submit-refused-${error.code}`);
      return this.#answers.refuse(done, error);
    }
    this.#batcher.add(this.#replies.add(request, releasedTo, machine, command, done));
    this.#room.wake();
  }

  read(level: ReadLevel, minRevision: number, machine: string, query: Uint8Array, done: Done<Reply>): void {
    if (this.#failure !== null) return this.#answers.refuse(done, this.#failure);
    this.#reads.add(level, minRevision, machine, query, this.#room.clock.nowMs(), done);
    this.#room.wake();
  }

  watch(
    minRevision: number,
    machine: string,
    request: Uint8Array,
    wake: () => void,
    done: Done<Watcher<Uint8Array>>,
  ): void {
    if (this.#failure !== null) return this.#answers.refuse(done, this.#failure);
    this.#watches.add(minRevision, machine, request, wake, this.#room.clock.nowMs(), done);
    this.#room.wake();
  }

  snapshot(slot: number, position: number, minRevision: number, done: Done<SnapshotChunk>): void {
    if (this.#failure !== null) return this.#answers.refuse(done, this.#failure);
    if (slot > 0) return this.#wishes.give(slot, position, done);
    this.#wishes.add(minRevision, position, this.#room.clock.nowMs(), done);
    this.#room.wake();
  }

  changeMembers(target: Members, done: Done): void {
    this.#wish(done, () => this.#engine.changeMembers(target));
  }

  transferTo(node: number, done: Done): void {
    this.#wish(done, () => this.#engine.transferTo(node));
  }

  stepDown(): void {
    this.#input(() => this.#engine.stepDown());
  }

  state(): ReplicaState {
    const { composite, appliedTo } = this.#applier;
    return {
      group: this.#room.group,
      role: this.#role(),
      leader: this.#leader,
      ballot: this.#promised,
      opening: this.#batcher.opening,
      chosenTo: this.#chosenTo,
      appliedTo,
      revision: composite.revision,
      logTimeMs: composite.logTimeMs,
      digest: composite.digest,
      governing: this.#governing,
      slotFirst: this.#room.log.slotFirst,
      checkpointTo: this.#checkpointTo,
      waiting: this.#batcher.waiting,
      waitingBytes: this.#batcher.waitingBytes,
      undecided: this.#batcher.undecided,
      watchers: this.#watches.count,
      damage: this.#damage,
      error: this.#failure,
    };
  }

  status(): ReplicaStatus {
    return {
      ...this.state(),
      counters: {
        ...this.#counters.all(),
        batches: this.#batcher.batches,
        "clock-steps": this.#batcher.clockSteps,
        "void-batches": this.#applier.voids,
        "messages-sent": this.#carryOut.messagesSent,
        "records-appended": this.#carryOut.recordsAppended,
        "entries-supplied": this.#repair.entriesSupplied,
        "snapshots-offered": this.#repair.snapshotsOffered,
        "holds-given-up": this.#room.held.givenUp,
        "leases-lost": this.#reads.leasesLost,
        "digests-differing": this.#digests.differing,
      },
    };
  }

  // ── for the host ──

  receive(from: Speaker, message: Message): void {
    if (this.#failure !== null) return;
    if (this.#inbox.length >= this.#limits.inboxMessagesMax) return this.#counters.add("inbox-full");
    this.#inbox.push({ from, message });
  }

  receiveDigest(from: Speaker, report: DigestReport): void {
    this.#input(() => this.#digests.receive(from.node, report, this.#applier.appliedTo));
  }

  /** A redial of `node` was refused (rule 22). */
  suspect(node: number): void {
    this.#input(() => this.#engine.suspect(node));
  }

  /** The machine slept, or a clock jumped (rule 26). */
  suspended(): void {
    this.#counters.add("suspended");
    this.#input(() => this.#engine.suspended());
  }

  /** A snapshot that covers everything to `head.slot` is whole and durable here. */
  snapshotArrived(head: SnapshotHead): void {
    if (head.slot <= this.#applier.appliedTo || this.#failure !== null) return;
    if (this.#installing || this.#checkpointing) {
      this.#arrived = head;
      return;
    }
    this.#installing = true;
    const image = new ImageReader(this.#applier.composite.restore());
    this.#room.snapshots.read(
      this.#room.group,
      (chunk) => image.push(chunk),
      (error, read) => {
        this.#input(() => {
          this.#installing = false;
          // The file is damaged, or was replaced: the peer offers its snapshot again.
          if (error !== null || read === null) this.#counters.add("snapshot-unreadable");
          else if (read.slot > this.#applier.appliedTo) this.#install(read, image);
          this.#nextArrived();
        });
      },
    );
  }

  /** Whether a whole snapshot is about to take the place of the state: a newer one that is offered meanwhile would let go of the log that follows on this one. */
  get isInstalling(): boolean {
    return this.#installing || this.#arrived !== null;
  }

  /** A peer needs a snapshot that covers everything to `slot`: one is taken at once, if that much is applied here. */
  checkpointFor(slot: number): void {
    if (slot <= this.#applier.appliedTo) this.#checkpointWanted = true;
  }

  /** A peer takes the snapshot of `slot`, chunk by chunk: it needs the log above it next. */
  givesSnapshot(to: number, slot: number): void {
    if (slot <= this.#checkpointTo && slot + 1 >= this.#room.log.slotFirst) this.#room.held.gave(to, slot);
  }

  /** Everything gathered goes into the engine, and all it wants is done. `nowMs` was read after the gathering. */
  turn(nowMs: number): void {
    if (this.#failure !== null) return;
    this.#engine.tick(nowMs);
    this.#takeInputs();
    if (this.#goesOn || this.#isDue(nowMs)) this.#rounds(nowMs);
    this.#repair.send();
    this.#report(nowMs);
    this.#room.held.turn(nowMs);
    this.#checkpoint(nowMs);
    this.#wishes.answer(this.#applier.composite.revision, nowMs);
    this.#reads.answer(nowMs);
    if (this.#reads.asksAgain) this.#room.wake();
    this.#watches.endTurn(this.#applier.composite, nowMs);
    this.#judge();
  }

  /** Ends, in good order or not: everybody who waits is told. */
  end(error: QuorateError | null): void {
    if (this.#failure !== null) return;
    const reason = error ?? closed(`the replica of group ${this.#room.group}`, "not-applied", null);
    this.#failure = reason;
    this.#leader = 0;
    this.#batcher.ended();
    this.#batcher.drop();
    this.#replies.refuseAll(({ handed, request }) => {
      const outcome = handed ? "unknown" : "not-applied";
      return new QuorateError(reason.code, outcome, reason.message, reason.detail, request, reason);
    });
    this.#reads.refuseAll(reason);
    this.#wishes.refuseAll(reason);
    this.#watches.refuseAll(reason);
    this.#watches.closeAll();
    this.#repair.close();
    this.#inbox = [];
    this.#inputs = [];
  }

  // ── one turn ──

  #takeInputs(): void {
    const persisted = this.#carryOut.takePersisted();
    if (persisted !== null) this.#engine.persisted(persisted.seq, persisted.unit);
    if (this.#inputs.length > 0) {
      const inputs = this.#inputs;
      this.#inputs = [];
      for (const input of inputs) input();
    }
    if (this.#inbox.length === 0) return;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const { from, message } of inbox) this.#engine.receive(from, message);
  }

  /** Whether a round would do anything: in most turns only time came, or what changes nothing that anybody is told of. */
  #isDue(nowMs: number): boolean {
    return this.#engine.hasOutput || this.#reads.asksAgain || this.#batcher.isDue(nowMs, this.#dueMs());
  }

  /** When a step of the clock changes something, as far as this replica has to make it. */
  #dueMs(): number {
    return this.#batcher.opening === 0 ? Infinity : this.#applier.composite.dueMs();
  }

  #rounds(nowMs: number): void {
    this.#goesOn = false;
    for (let round = 1; this.#round(nowMs); round++) {
      if (round < this.#limits.turnRoundsMax) continue;
      this.#goesOn = true;
      this.#room.wake();
      break;
    }
  }

  /** Returns whether another round can do more at once. */
  #round(nowMs: number): boolean {
    const writing = this.#carryOut.writing;
    this.#batcher.propose(this.#propose, nowMs, this.#dueMs(), writing);
    this.#reads.ask(this.#engine, nowMs);
    const output = this.#engine.output();
    this.#room.observer?.output(output, nowMs);
    this.#carryOut.carry(output);
    this.#chosenTo = output.chosenTo;
    this.#governing = output.governing;
    this.#leader = output.leader;
    this.#promised = output.promised;
    this.#damage = output.damage;
    for (const event of output.events) {
      this.#counters.add(event.kind === "ignored" ? `ignored-${event.message}-${event.why}` : event.kind);
    }
    this.#tellOldCopies(output);
    const applied = this.#applyAll(output);
    for (const supply of output.supply) this.#repair.supply(supply);
    for (const answer of output.reads) this.#reads.bound(answer);
    const turned = this.#follow(output, nowMs);
    return (applied || turned) && this.#failure === null && this.#isDue(nowMs);
  }

  /** Once each, however much they said: the next thing that they say is answered again. */
  #tellOldCopies({ events }: Output): void {
    if (events.length === 0 || !events.some(({ kind }) => kind === "old-copy")) return;
    const told = new Set<number>();
    for (const event of events) {
      if (event.kind !== "old-copy" || told.has(event.heard.life)) continue;
      const { node, incarnation, life, unit } = event.heard;
      told.add(life);
      this.#room.send(this.#room.speaker(), [node], { kind: "old-copy", incarnation, life, unit });
    }
  }

  #applyAll({ chosen }: Output): boolean {
    if (chosen.length === 0) return false;
    for (const entry of chosen) {
      try {
        this.#applier.apply(entry);
      } catch (thrown) {
        if (!(thrown instanceof QuorateError)) throw thrown;
        this.end(logCorrupt(`group ${this.#room.group}, slot ${entry.slot}`, 0, thrown.message, thrown));
        return false;
      }
    }
    this.#engine.applied(this.#applier.appliedTo);
    return true;
  }

  #applied(entry: Entry, counted: boolean): void {
    if (entry.kind === "members") this.#membersSlot = entry.slot;
    if (entry.kind === "batch" && entry.origin === this.#batcher.opening) this.#batcher.decided(counted);
    this.#digests.note(entry.slot, this.#applier.composite.digest);
    this.#room.observer?.applied(entry, counted, this.#applier.composite);
  }

  /** The opening that the engine names now is the one that batches are stamped for. */
  #follow(output: Output, nowMs: number): boolean {
    const before = this.#batcher.opening;
    if (output.opening === before) {
      if (before === 0 && output.leader !== this.#room.node) this.#refuseWaiting();
      return false;
    }
    if (before !== 0) {
      this.#batcher.ended();
      this.#replies.refuseAllHanded((request) => noLeader(this.#room.group, this.#hint(), "unknown", request));
    }
    if (output.opening !== 0) this.#batcher.opened(output.opening, this.#applier.composite.logTimeMs, nowMs);
    else if (output.leader !== this.#room.node) this.#refuseWaiting();
    return output.opening !== 0;
  }

  /** What no engine was handed goes to the leader, wherever that is. */
  #refuseWaiting(): void {
    if (this.#batcher.waiting === 0) return;
    for (const waiter of this.#batcher.drop()) {
      // One that came back from a void batch was handed over once: other copies of it may stand in the log.
      const outcome = waiter.handed ? "unknown" : "not-applied";
      this.#replies.refuse(waiter, noLeader(this.#room.group, this.#hint(), outcome, waiter.request));
    }
  }

  #install(head: SnapshotHead, image: ImageReader): void {
    let composite: Composite;
    try {
      composite = image.end();
    } catch (thrown) {
      return this.end(unreadableImage(this.#room.group, head.slot, thrown));
    }
    this.#applier.replace(composite, head.slot, head.standing);
    this.#governings.add(head.governing);
    this.#membersSlot = Math.max(this.#membersSlot, head.governing.slot);
    this.#room.held.installed(head.slot, head.governing);
    this.#engine.installed(head.slot, head.governing);
    this.#restoredTo = head.slot;
    this.#checkpointTo = head.slot;
    this.#counters.add("snapshots-installed");
    this.#room.observer?.installed(head, composite, this.#engine);
    this.#watches.closeAll();
  }

  #nextArrived(): void {
    const head = this.#arrived;
    this.#arrived = null;
    if (head !== null) this.snapshotArrived(head);
  }

  #checkpoint(nowMs: number): void {
    const { entriesSince, bytesSince, appliedTo, composite, standing } = this.#applier;
    if (entriesSince === 0) return;
    const due = checkpointDue(entriesSince, bytesSince, this.#room.snapshots.bytes(this.#room.group), this.#limits);
    if (!due && !this.#checkpointWanted && !this.#wishes.wants(composite.revision)) return;
    if (this.#checkpointing || this.#installing || nowMs < this.#checkpointNotBeforeMs) return;
    const governing = this.#governings.at(appliedTo);
    // The set that an applied change put in force comes with the engine's next records.
    if (governing.slot < this.#membersSlot) return;
    const { group } = this.#room;
    const { revision, digest } = composite;
    const head: SnapshotHead = { group, slot: appliedTo, governing, standing, revision, digest };
    this.#checkpointing = true;
    this.#checkpointWanted = false;
    this.#applier.entriesSince = 0;
    this.#applier.bytesSince = 0;
    this.#room.observer?.checkpointing(head, composite);
    this.#room.snapshots.checkpoint(head, composite.image(), (error) => {
      this.#input(() => {
        this.#checkpointing = false;
        this.#nextArrived();
        if (error === null) {
          this.#checkpointTo = Math.max(this.#checkpointTo, head.slot);
          this.#engine.checkpointed(head.slot);
          this.#room.observer?.checkpointed(head);
          return this.#counters.add("checkpoints");
        }
        this.#wishes.refuseAll(error);
        // No space, or none yet: the log stays as long as it is, and the next try comes later.
        this.#counters.add(`checkpoint-failed-${error.code}`);
        this.#applier.entriesSince += this.#limits.checkpointEntries;
        this.#checkpointNotBeforeMs = this.#room.clock.nowMs() + this.#limits.checkpointRetryMs;
      });
    });
  }

  #report(nowMs: number): void {
    const { appliedTo, composite } = this.#applier;
    if (appliedTo === this.#reportedSlot || nowMs - this.#reportedMs < this.#limits.digestMs) return;
    this.#reportedMs = nowMs;
    this.#reportedSlot = appliedTo;
    const { voters, nonVoters } = this.#governing.members;
    const peers = [...voters, ...nonVoters].map((member) => member.node).filter((node) => node !== this.#room.node);
    if (peers.length === 0) return;
    const { digest, revision } = composite;
    this.#room.send(this.#room.speaker(), peers, { kind: "digest", slot: appliedTo, digest, revision });
  }

  #judge(): void {
    if (this.#digests.differing === 0) return;
    const found = this.#digests.divergence(this.#governing.members.voters.map((voter) => voter.node));
    if (found === null || this.#failure !== null) return;
    this.end(diverged(this.#room.group, this.#room.node, found.slotFrom, found.slotTo));
  }

  // ── small things ──

  #input(run: () => void): void {
    if (this.#failure !== null) return;
    this.#inputs.push(run);
    this.#room.wake();
  }

  #wish(done: Done, ask: () => Refusal | null): void {
    if (this.#failure !== null) return this.#answers.refuse(done, this.#failure);
    this.#input(() => {
      const refusal = ask();
      if (refusal === null) this.#answers.add(done, null, undefined);
      else this.#answers.refuse(done, refused(this.#room.group, this.#leader, this.#mayLead(), refusal.why));
    });
  }

  #mayLead(): boolean {
    return this.#batcher.opening !== 0 || this.#leader === this.#room.node;
  }

  /** The leader to ask instead of this node. */
  #hint(): number {
    return this.#leader === this.#room.node ? 0 : this.#leader;
  }

  #refusal(request: RequestId, releasedTo: number, machine: string, command: Uint8Array): QuorateError | null {
    const { group } = this.#room;
    const { commandBytesMax, waitingCommandsMax, waitingBytesMax } = this.#limits;
    if (this.#failure !== null) return this.#failure;
    if (!this.#mayLead()) return noLeader(group, this.#hint(), "not-applied", request);
    if (command.length > commandBytesMax) return tooLarge(group, command.length, commandBytesMax, request);
    const numbers = [request.session, request.number, releasedTo];
    if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0) || request.number === 0) {
      return malformed(
        group,
        "session, number and released-to must be integers of 0 or more, the number 1 or more",
        request,
      );
    }
    if (machine.length > MACHINE_NAME_LENGTH_MAX)
      return malformed(group, "the name of the machine is too long", request);
    if (this.#room.diskFull()) return writesHeld(group, request);
    if (this.#batcher.waiting >= waitingCommandsMax)
      return overloaded(group, "waitingCommandsMax", waitingCommandsMax, request);
    if (this.#batcher.waitingBytes >= waitingBytesMax)
      return overloaded(group, "waitingBytesMax", waitingBytesMax, request);
    return null;
  }

  #role(): ReplicaState["role"] {
    const { voters, nonVoters } = this.#governing.members;
    const isSelf = (member: { readonly node: number; readonly incarnation: number }): boolean =>
      member.node === this.#room.node && member.incarnation === this.#room.incarnation;
    if (voters.some(isSelf)) return this.#mayLead() ? "leader" : "follower";
    return nonVoters.some(isSelf) ? "non-voter" : "removed";
  }
}
