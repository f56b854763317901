import type { Clock, QuorateError } from "@quorate/machine";
import type { Durable } from "@quorate/paxos";
import type { Disk, Done } from "../disk/disk.ts";
import { inTurn } from "../disk/in-turn.ts";
import { EntryCache } from "./entry-cache.ts";
import { GroupCommit } from "./group-commit.ts";
import { GroupFacts } from "./group-facts.ts";
import type { GroupLog, RecoveredGroup, Wal } from "./group-log.ts";
import { GroupPart, type SharedLog } from "./group-part.ts";
import { entryBytesMax, type WalLimits } from "./limits.ts";
import { OpenSegments } from "./open-segments.ts";
import { type Recovery, recover, type WalFault } from "./recovery.ts";
import { fileOffset } from "./sector-stamp.ts";
import { FIRST_UNIT_OFFSET, makeSegment, type Segment, SegmentSupply } from "./segment.ts";
import { SlotIndex } from "./slot-index.ts";
import { Trimmer } from "./trim.ts";

/** How the log is opened. The folder was claimed before. */
export interface WalOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Name of the cluster; stands in every checksum. */
  readonly cluster: string;
  readonly limits: WalLimits;
  /** How far a vote may stand above what its node knows chosen, slots: the open window. Never lower than when the folder was last written. */
  readonly openSlots: number;
  /** A snapshot of the group stands in the folder that covers everything to this slot; 0: none. */
  readonly coveredTo: (group: number) => number;
  /** Told once: a write, a sync, or making or removing a segment failed. The log takes nothing more, and tells nobody that anything is durable. */
  readonly onFailed: (error: QuorateError) => void;
}

/** An open log, and what was in it. */
export interface OpenedWal {
  readonly wal: Wal;
  /** Every group that has records. */
  readonly groups: ReadonlyMap<number, RecoveredGroup>;
  /** Places that were synced and cannot be read; what they mean for a group stands in its `durable`. */
  readonly faults: readonly WalFault[];
  /** What counts for a group that is not in `groups`: empty, unless records were lost of which not even the group is known. */
  readonly unheard: Durable;
}

/**
 * Opens the log: reads what is there, decides about every damage, mends the end, and goes on behind it. The first segment is made if
 * there is none.
 *
 * Errors: `LOG_NEWER`, `WRONG_CLUSTER`, `DISK_FULL` (no space for the very first segment), `LOG_FAILED`.
 */
export function openWal(options: WalOptions, done: Done<OpenedWal>): void {
  const fail = (error: QuorateError): void => {
    done(error, undefined as unknown as OpenedWal);
  };
  recover(options, (error, recovery) => {
    if (error !== null) return fail(error);
    if (recovery.segments.length > 0) {
      finishOpening(options, recovery, done);
      return;
    }
    const { disk, cluster, limits } = options;
    const goesOn = (): boolean => true;
    makeSegment(disk, cluster, 1, limits.segmentBytes, goesOn, (makeError, segment) => {
      if (makeError !== null) return fail(makeError);
      finishOpening(options, { ...recovery, segments: [segment], position: FIRST_UNIT_OFFSET }, done);
    });
  });
}

function finishOpening(options: WalOptions, recovery: Recovery, done: Done<OpenedWal>): void {
  const wal = new SharedWal(options, recovery);
  const groups = new Map<number, RecoveredGroup>();
  for (const [group, part] of recovery.parts) {
    const durable = part.facts.durable(part.index, options.coveredTo(group), recovery.unit);
    groups.set(group, { durable });
    part.index.startBelow(part.facts.base);
  }
  wal.start(recovery);
  const unheard = unheardFacts(recovery).durable(new SlotIndex(), 0, recovery.unit);
  done(null, { wal, groups, faults: recovery.faults, unheard });
}

/** The facts of a group that no record names: its records may be among those that were lost. */
function unheardFacts({ groupsLost, slotsFurther }: Recovery): GroupFacts {
  const facts = new GroupFacts();
  if (!groupsLost) return facts;
  facts.loseAny();
  facts.ended(slotsFurther);
  return facts;
}

class SharedWal implements Wal {
  readonly #options: WalOptions;
  readonly #supply: SegmentSupply;
  readonly #segments: OpenSegments;
  readonly #commit: GroupCommit;
  readonly #trimmer: Trimmer;
  readonly #parts = new Map<number, GroupPart>();
  readonly #shared: SharedLog;
  readonly #cache: EntryCache;
  readonly #recovery: Recovery;
  #closed = false;
  /** Told when the close that is under way has ended; `null`: none is. */
  #closing: Done | null = null;

  constructor(options: WalOptions, recovery: Recovery) {
    const { disk, clock, cluster, limits } = options;
    const failed = (error: QuorateError): void => this.#fail(error);
    this.#options = options;
    this.#recovery = recovery;
    this.#segments = new OpenSegments(recovery.segments);
    this.#cache = new EntryCache(limits.cacheBytesMax);
    const current = recovery.segments.at(-1)!;
    this.#supply = new SegmentSupply({
      disk,
      clock,
      cluster,
      limits,
      spares: recovery.spares,
      numberLast: recovery.spares.at(-1)?.number ?? current.number,
      ready: () => this.#commit.supplied(),
      failed,
    });
    this.#commit = new GroupCommit({
      clock,
      limits,
      supply: this.#supply,
      buffer: (bytes) => disk.buffer(bytes),
      current,
      position: recovery.position,
      unit: recovery.unit,
      oldest: () => this.#segments.oldest,
      rolled: (segment) => this.#rolled(segment),
      failed,
    });
    this.#trimmer = new Trimmer({
      limits,
      segments: this.#segments,
      parts: this.#parts,
      announce: (told) => this.#commit.announce(told),
      letGo: (segment, letGone) => this.#supply.letGo(segment, letGone),
      failed,
    });
    this.#shared = {
      commit: this.#commit,
      segments: this.#segments,
      cache: this.#cache,
      payloadBytesMax: entryBytesMax(limits),
      later: (run) => clock.endOfTurn(run),
      trimmed: () => this.#trimmer.consider(),
    };
  }

  get unit(): number {
    return this.#commit.unit;
  }

  get bytes(): number {
    let bytes = this.#segments.bytes;
    for (const spare of this.#supply.spares) bytes += spare.bytes;
    return bytes;
  }

  get bytesWritten(): number {
    return this.#segments.bytes - this.#commit.current.bytes + fileOffset(this.#commit.position);
  }

  get full(): boolean {
    return this.#supply.full;
  }

  /** Takes over what recovery read, states what it found damaged, and makes segments ahead. */
  start(recovery: Recovery): void {
    for (const [group, { facts, index }] of recovery.parts) {
      const part = new GroupPart(group, facts, index, this.#shared);
      this.#parts.set(group, part);
      for (const indexed of index.values()) this.#cache.add(indexed);
      if (facts.lossUnstated) part.state(facts.statements());
    }
    this.#supply.make();
    this.#trimmer.consider();
  }

  group(group: number): GroupLog {
    const known = this.#parts.get(group);
    if (known !== undefined) return known;
    const facts = unheardFacts(this.#recovery);
    const part = new GroupPart(group, facts, new SlotIndex(), this.#shared);
    this.#parts.set(group, part);
    part.state(facts.lossUnstated ? facts.statements() : [{ kind: "born" }]);
    return part;
  }

  close(done: Done): void {
    if (this.#closed) {
      this.#options.clock.endOfTurn(() => done(null, undefined));
      return;
    }
    this.#trimmer.close();
    this.#closing = done;
    this.#commit.finish(() => {
      this.#closing = null;
      this.#stop();
      this.#supply.close(() => {
        const files = [...this.#segments.values(), ...this.#supply.spares].map((segment: Segment) => segment.file);
        inTurn(files, (file, next) => file.close(next), done);
      });
    });
  }

  #rolled(segment: Segment): void {
    this.#segments.add(segment);
    this.#options.clock.endOfTurn(() => this.#trimmer.consider());
  }

  #fail(error: QuorateError): void {
    if (this.#closed) return;
    this.#stop();
    this.#supply.abandon();
    this.#options.onFailed(error);
    this.#closing?.(error, undefined);
  }

  #stop(): void {
    this.#closed = true;
    this.#commit.close();
    this.#trimmer.close();
  }
}
