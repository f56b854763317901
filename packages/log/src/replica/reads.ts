import { type Composite, QuorateError, type ReadLevel, type Reply } from "@quorate/machine";
import type { Engine, ReadAnswer } from "@quorate/paxos";
import type { Done } from "../disk/disk.ts";
import { noLeader, overloaded, tooStale } from "../errors.ts";
import type { LogLimits } from "../limits.ts";
import type { Answers } from "./answers.ts";
import type { ReplicaObserver } from "./replica-observer.ts";

interface PendingRead {
  readonly minRevision: number;
  readonly machine: string;
  readonly query: Uint8Array;
  readonly done: Done<Reply>;
  readonly sinceMs: number;
}

/** Reads that came in one turn and share one bound. */
interface Round {
  readonly lease: boolean;
  readonly reads: readonly PendingRead[];
  readonly sinceMs: number;
}

/** A round whose bound is known, and maybe not yet applied. */
interface Bounded extends Round {
  readonly bound: number;
  readonly validUntilMs: number;
}

/** What the reads of a replica need to know of it. */
export interface ReadRoom {
  readonly group: number;
  readonly limits: LogLimits;
  readonly answers: Answers;
  composite(): Composite;
  appliedTo(): number;
  leader(): number;
  /** Reads both clocks anew: whether a lease that ends at `validUntilMs` still holds, and the machine did not sleep (rules 19 and 26). */
  leaseStands(validUntilMs: number): boolean;
  /** `null`: nobody looks. */
  readonly observer: ReplicaObserver | null;
}

/**
 * Reads of every level. The bounds come from the engine: one for all reads of a turn and kind. A read is answered from the state between
 * two turns, when its bound is applied; a lease is looked at again at that moment, and where it does not hold the read asks anew.
 */
export class Reads {
  readonly #room: ReadRoom;
  #freshBounded: PendingRead[] = [];
  #freshLease: PendingRead[] = [];
  #stale: PendingRead[] = [];
  #session: PendingRead[] = [];
  readonly #asked = new Map<number, Round>();
  #bounded: Bounded[] = [];
  #token = 0;
  #count = 0;
  /** Leases that did not hold any more when the reply was to leave. */
  leasesLost = 0;

  constructor(room: ReadRoom) {
    this.#room = room;
  }

  /** Reads that wait. */
  get count(): number {
    return this.#count;
  }

  add(
    level: ReadLevel,
    minRevision: number,
    machine: string,
    query: Uint8Array,
    nowMs: number,
    done: Done<Reply>,
  ): void {
    const { group, limits, answers } = this.#room;
    if (this.#count >= limits.readsMax)
      return answers.refuse(done, overloaded(group, "readsMax", limits.readsMax, null));
    this.#count += 1;
    const read: PendingRead = { minRevision, machine, query, done, sinceMs: nowMs };
    switch (level) {
      case "linearizable":
        this.#freshBounded.push(read);
        break;
      case "lease":
        this.#freshLease.push(read);
        break;
      case "session":
        this.#session.push(read);
        break;
      case "stale":
        this.#stale.push(read);
        break;
    }
  }

  /** Asks for one bound for each kind that came. */
  ask(engine: Engine, nowMs: number): void {
    if (this.#freshBounded.length > 0) {
      const reads = this.#freshBounded;
      this.#freshBounded = [];
      this.#askRound(engine, reads, false, nowMs);
    }
    if (this.#freshLease.length > 0) {
      const reads = this.#freshLease;
      this.#freshLease = [];
      this.#askRound(engine, reads, true, nowMs);
    }
  }

  /** A bound from the engine. */
  bound(answer: ReadAnswer): void {
    const round = this.#asked.get(answer.token);
    if (round === undefined) return;
    this.#asked.delete(answer.token);
    if (answer.bound < 0) return this.#refuseRound(round);
    this.#bounded.push({ ...round, bound: answer.bound, validUntilMs: answer.validUntilMs });
  }

  /** Answers what can be answered now. Call when the turn has applied all it will. */
  answer(nowMs: number): void {
    if (this.#count === 0) return;
    for (const read of this.#stale) this.#reply(read);
    this.#stale = [];
    this.#answerBounded(nowMs);
    this.#answerSession(nowMs);
    for (const [token, round] of this.#asked) {
      if (nowMs - round.sinceMs < this.#room.limits.readWaitMs) continue;
      this.#asked.delete(token);
      this.#refuseRound(round);
    }
  }

  /** Everything that waits is refused. */
  refuseAll(error: QuorateError): void {
    const waiting = [
      ...this.#freshBounded,
      ...this.#freshLease,
      ...this.#stale,
      ...this.#session,
      ...[...this.#asked.values()].flatMap((round) => round.reads),
      ...this.#bounded.flatMap((round) => round.reads),
    ];
    this.#freshBounded = [];
    this.#freshLease = [];
    this.#stale = [];
    this.#session = [];
    this.#asked.clear();
    this.#bounded = [];
    for (const read of waiting) this.#refuse(read, error);
  }

  #askRound(engine: Engine, reads: readonly PendingRead[], lease: boolean, nowMs: number): void {
    this.#token += 1;
    this.#asked.set(this.#token, { lease, reads, sinceMs: nowMs });
    this.#room.observer?.readsAsked(this.#token);
    engine.read(this.#token, lease);
  }

  #refuseRound(round: Round): void {
    const error = noLeader(this.#room.group, this.#room.leader(), "not-applied", null);
    for (const read of round.reads) this.#refuse(read, error);
  }

  /** A replica that was removed may have a bound, and never learn what was chosen up to it: after a while its reads are refused, too. */
  #answerBounded(nowMs: number): void {
    if (this.#bounded.length === 0) return;
    const appliedTo = this.#room.appliedTo();
    const later: Bounded[] = [];
    for (const round of this.#bounded) {
      if (round.bound > appliedTo) {
        if (nowMs - round.sinceMs < this.#room.limits.readWaitMs) later.push(round);
        else this.#refuseRound(round);
      } else if (round.validUntilMs === Infinity || this.#room.leaseStands(round.validUntilMs)) {
        this.#room.observer?.readsAnswered(round.bound, round.validUntilMs);
        for (const read of round.reads) this.#reply(read);
      } else {
        this.leasesLost += 1;
        this.#freshBounded.push(...round.reads);
      }
    }
    this.#bounded = later;
  }

  /** Whether a read asks for a bound in the next turn. */
  get asksAgain(): boolean {
    return this.#freshBounded.length > 0 || this.#freshLease.length > 0;
  }

  #answerSession(nowMs: number): void {
    if (this.#session.length === 0) return;
    const { group, limits } = this.#room;
    const { revision } = this.#room.composite();
    const later: PendingRead[] = [];
    for (const read of this.#session) {
      if (read.minRevision <= revision) this.#reply(read);
      else if (nowMs - read.sinceMs >= limits.staleWaitMs)
        this.#refuse(read, tooStale(group, revision, read.minRevision));
      else later.push(read);
    }
    this.#session = later;
  }

  #reply(read: PendingRead): void {
    const composite = this.#room.composite();
    let bytes: Uint8Array;
    try {
      bytes = composite.query(read.machine, read.query);
    } catch (thrown) {
      return this.#refuse(read, queryError(read.machine, thrown));
    }
    this.#count -= 1;
    const { revision, logTimeMs } = composite;
    this.#room.answers.add(read.done, null, { bytes, revision, logTimeMs });
  }

  #refuse(read: PendingRead, error: QuorateError): void {
    this.#count -= 1;
    this.#room.answers.refuse(read.done, error);
  }
}

/** A query changes nothing, so whatever a machine throws in it concerns its caller alone. */
export function queryError(machine: string, thrown: unknown): QuorateError {
  if (thrown instanceof QuorateError) return thrown;
  const words = `machine "${machine}" failed while it was asked: the query, or the machine, is at fault`;
  return new QuorateError("BAD_COMMAND", "not-applied", words, { machine }, null, thrown);
}
