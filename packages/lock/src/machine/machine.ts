import {
  type At,
  type Image,
  type LockKeeper,
  type MachineDefinition,
  type Neighbours,
  QuorateError,
  type StateMachine,
  type Watcher,
} from "@quorate/machine";

import { type Claim, isHeld, type Want } from "./claim.ts";
import { ClaimTable } from "./claim-table.ts";
import {
  commandCodec,
  type ForcedClaim,
  type LockCommand,
  type LockRefusal,
  type LockResult,
  resultCodec,
} from "./command.ts";
import { lose, revoke } from "./delay.ts";
import { describeLock, listLocks } from "./describe.ts";
import { leaderOf } from "./election.ts";
import { grantWhatCan, isFree } from "./grant.ts";
import { lockImage, lockRestore, type LockState } from "./image.ts";
import { AUDIT_MAX, CLAIMS_PER_SESSION_MAX, FORCED_MAX, LOCKS_MAX, WAITERS_MAX } from "./limits.ts";
import {
  answerCodec,
  type AuditEntry,
  eventCodec,
  type LockAnswer,
  type LockEvent,
  type LockQuery,
  type LockWatch,
  queryCodec,
  watchCodec,
} from "./query.ts";
import { delayedUntilMs, describeClaim } from "./status.ts";
import { Watches } from "./watches.ts";

/** The words of the lock machine. */
export interface LockShape {
  command: LockCommand;
  result: LockResult;
  query: LockQuery;
  answer: LockAnswer;
  watch: LockWatch;
  event: LockEvent;
}

/** The name of the machine in every command and image. */
export const LOCK_MACHINE = "lock";
/** Of the image. */
const VERSION = 1;

/**
 * The lock service as a machine of the log.
 *
 * What holds after every step:
 * 1. The claims that have a lock are compatible (`LockQueue`), lost ones included.
 * 2. The fencing token of a grant is the revision of its step, so it is greater than that of every earlier grant which it excludes.
 * 3. No claim that could be granted waits (`grantWhatCan`).
 * 4. Nothing is granted to a session that is over.
 */
export const lockMachine: MachineDefinition<LockShape> = {
  name: LOCK_MACHINE,
  version: VERSION,
  codecs: {
    command: commandCodec,
    result: resultCodec,
    query: queryCodec,
    answer: answerCodec,
    watch: watchCodec,
    event: eventCodec,
  },
  create: (neighbours) => new LockMachine(neighbours, { claims: [], audit: [] }),
  restore(neighbours, version) {
    if (version !== VERSION) {
      throw new QuorateError(
        "LOG_NEWER",
        "not-applied",
        `The image of the locks has version ${version}; this program reads version ${VERSION}. Start a newer program on this node.`,
        { version, known: VERSION },
      );
    }
    return lockRestore((state) => new LockMachine(neighbours, state));
  },
  lockKeeper: (machine): LockKeeper => {
    if (!(machine instanceof LockMachine))
      throw new TypeError("the lock machine was given a machine that it did not make");
    return machine;
  },
};

class LockMachine implements StateMachine<LockShape>, LockKeeper {
  private readonly neighbours: Neighbours;
  private readonly table: ClaimTable;
  private readonly audit: AuditEntry[];
  private readonly watches: Watches;

  constructor(neighbours: Neighbours, state: LockState) {
    this.neighbours = neighbours;
    this.watches = new Watches(() => this.table);
    this.table = new ClaimTable((claim) => this.watches.changed(claim));
    for (const claim of state.claims) this.table.add(claim);
    this.audit = [...state.audit];
  }

  apply(command: LockCommand, at: At): LockResult {
    switch (command.kind) {
      case "acquire":
        return this.acquire(command, at);
      case "cancel": {
        const claim = this.table.find(at.session, command.claim);
        if (claim === null) return { kind: "cancelled", was: "none" };
        this.giveUp(claim, at);
        return { kind: "cancelled", was: claim.state === "queued" ? "queued" : "held" };
      }
      case "release": {
        const claim = this.heldBy(at.session, command.claim, command.token);
        if (claim !== null) this.giveUp(claim, at);
        return { kind: "released", released: claim !== null };
      }
      case "confirm":
        return {
          kind: "confirmed",
          session: at.session,
          statuses: command.claims.map((claim) => describeClaim(this.table, at.session, claim)),
        };
      case "force":
        return this.force(command, at);
      case "proclaim": {
        const claim = this.heldBy(at.session, command.claim, command.token);
        if (claim !== null) this.table.replace({ ...claim, value: command.value, valueRevision: at.revision });
        return { kind: "proclaimed", proclaimed: claim !== null };
      }
    }
  }

  dueMs(): number {
    return this.table.endings.dueMs();
  }

  advance(at: At): void {
    const touched: string[] = [];
    for (const sequence of this.table.endings.reached(at.logTimeMs)) {
      const claim = this.table.bySequence(sequence);
      if (claim.state === "lost") this.take(claim, touched);
      else this.loseTo(claim, at, touched);
    }
    grantWhatCan(this.table, touched, this.neighbours, at);
  }

  sessionEnded(session: number, at: At): void {
    const touched: string[] = [];
    for (const claim of this.table.ofSession(session)) {
      // Sessions that end in one step are told one after the other. Nobody saw a grant of this very step, and its token may go to another.
      if (isHeld(claim) && claim.token !== at.revision) this.loseTo(claim, at, touched);
      else this.take(claim, touched);
    }
    grantWhatCan(this.table, touched, this.neighbours, at);
  }

  query(query: LockQuery): LockAnswer {
    const { table } = this;
    switch (query.kind) {
      case "describe":
        return { kind: "describe", lock: describeLock(table, query.lock) };
      case "list":
        return { kind: "list", ...listLocks(table, query.prefix, query.after, query.limit) };
      case "validate":
        return { kind: "validate", held: this.holdsLock(query.lock, query.token) };
      case "claim":
        return { kind: "claim", status: describeClaim(table, query.session, query.claim) };
      case "leader":
        return { kind: "leader", leader: leaderOf(table, query.lock) };
      case "audit":
        return { kind: "audit", entries: [...this.audit] };
    }
  }

  watch(request: LockWatch, wake: () => void): Watcher<LockEvent> {
    return this.watches.open(request, wake);
  }

  image(): Image {
    return lockImage({ claims: [...this.table.claims.values()], audit: [...this.audit] });
  }

  /** A revoked holder still has the lock: nobody else does, until its belief must be over. */
  holdsLock(lock: string, token: number): boolean {
    return this.table.holderOf(lock, token) !== null;
  }

  private acquire(command: Extract<LockCommand, { kind: "acquire" }>, at: At): LockResult {
    const { table } = this;
    const { claim: id, wants, wait, delayMs, beliefMs, value } = command;
    const known = table.find(at.session, id);
    if (known !== null && sameWants(known.wants, wants)) return this.told(at.session, id);
    const reason = known === null ? this.refusal(wants, at) : "claim-in-use";
    if (reason !== null) return { kind: "refused", reason };

    const free = isFree(table, wants);
    if (!free && !wait) return { kind: "busy", delayedUntilMs: delayedUntilMs(table, wants, Infinity) };
    if (!free && wants.some(({ lock }) => (table.locks.get(lock)?.waiting.size ?? 0) >= WAITERS_MAX)) {
      return { kind: "refused", reason: "waiters-max" };
    }
    table.add({
      sequence: at.revision,
      session: at.session,
      id,
      wants,
      state: free ? "held" : "queued",
      token: free ? at.revision : 0,
      delayMs,
      beliefMs,
      value,
      valueRevision: at.revision,
      queuedAtMs: at.logTimeMs,
      grantedAtMs: free ? at.logTimeMs : 0,
      endsAtMs: 0,
    });
    return this.told(at.session, id);
  }

  private refusal(wants: readonly Want[], at: At): LockRefusal | null {
    const { table } = this;
    if (at.session === 0 || !this.neighbours.sessionLives(at.session)) return "no-session";
    if (table.countOfSession(at.session) >= CLAIMS_PER_SESSION_MAX) return "claims-per-session-max";
    let locks = table.locks.size;
    for (const want of wants) {
      const lock = table.locks.get(want.lock);
      if (lock === undefined) locks += 1;
      else if (!lock.agrees(want)) return "permits-differ";
    }
    return locks > LOCKS_MAX ? "locks-max" : null;
  }

  private force(command: Extract<LockCommand, { kind: "force" }>, at: At): LockResult {
    const { lock, token, now, reason } = command;
    const claims: ForcedClaim[] = [];
    const taken: (readonly [number, number])[] = [];
    const touched: string[] = [];
    for (const sequence of [...(this.table.locks.get(lock)?.occupants ?? [])].sort((a, b) => a - b)) {
      const claim = this.table.bySequence(sequence);
      if (claim.state === "lost" ? !now || token !== 0 : token !== 0 && claim.token !== token) continue;
      if (claims.length === FORCED_MAX) break;
      const revoked = claim.state === "held" ? revoke(claim, at.logTimeMs) : claim;
      if (now) this.take(claim, touched);
      else if (revoked !== claim) this.table.replace(revoked);
      claims.push({
        session: claim.session,
        claim: claim.id,
        token: claim.token,
        endsAtMs: now ? 0 : revoked.endsAtMs,
      });
      taken.push([claim.session, claim.token]);
    }
    if (taken.length > 0) {
      this.audit.push({
        revision: at.revision,
        logTimeMs: at.logTimeMs,
        lock,
        session: at.session,
        now,
        reason,
        taken,
      });
      if (this.audit.length > AUDIT_MAX) this.audit.shift();
    }
    grantWhatCan(this.table, touched, this.neighbours, at);
    return { kind: "forced", claims };
  }

  private told(session: number, id: number): LockResult {
    return { kind: "claim", session, status: describeClaim(this.table, session, id) };
  }

  private heldBy(session: number, id: number, token: number): Claim | null {
    const claim = this.table.find(session, id);
    return claim !== null && isHeld(claim) && claim.token === token ? claim : null;
  }

  private giveUp(claim: Claim, at: At): void {
    const touched: string[] = [];
    this.take(claim, touched);
    grantWhatCan(this.table, touched, this.neighbours, at);
  }

  /** A claim goes and leaves nothing behind. */
  private take(claim: Claim, touched: string[]): void {
    this.table.remove(claim);
    for (const want of claim.wants) touched.push(want.lock);
  }

  /** The owner of a held claim is gone uncleanly. */
  private loseTo(claim: Claim, at: At, touched: string[]): void {
    const lost = lose(claim, at.logTimeMs);
    if (lost === null) this.take(claim, touched);
    else this.table.replace(lost);
  }
}

function sameWants(a: readonly Want[], b: readonly Want[]): boolean {
  return (
    a.length === b.length &&
    a.every((want, index) => {
      const other = b[index]!;
      return (
        want.lock === other.lock &&
        want.mode === other.mode &&
        want.permits === other.permits &&
        want.permitsMax === other.permitsMax
      );
    })
  );
}
