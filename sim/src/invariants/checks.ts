import { KV_NAME } from "@quorate/kv";
import { LOCK_MACHINE } from "@quorate/lock";
import type { QuorateError, Reply, RequestId, Settled } from "@quorate/machine";
import type { Coverage } from "../coverage/sometimes.ts";
import { Ghost } from "../ghost/ghost.ts";
import type { Observer, ObservedRun } from "../world/observer.ts";
import { AcceptorChecker } from "./acceptor.ts";
import { AgreementChecker } from "./agreement.ts";
import { ApplyChecker } from "./apply.ts";
import { Checker, type Report } from "./checker.ts";
import { LeaseChecker } from "./lease.ts";
import { LivenessChecker } from "./liveness.ts";
import { LockChecker } from "./lock.ts";
import { MembershipChecker } from "./membership.ts";
import { OrderChecker } from "./order.ts";
import { ProposerChecker } from "./proposer.ts";
import { ReadChecker } from "./read.ts";
import { SessionChecker } from "./session.ts";
import { SnapshotChecker } from "./snapshot.ts";
import { StorageChecker } from "./storage.ts";
import { StoreChecker } from "./store.ts";

/** All checkers of a run, and the ghost that they share. */
export class Checks {
  readonly ghost: Ghost;
  readonly sessions: SessionChecker;
  readonly store: StoreChecker;
  readonly locks: LockChecker;
  readonly liveness: LivenessChecker;
  /** In the order in which they are to be told. */
  readonly observers: readonly Observer[];
  readonly #hasStore: boolean;
  readonly #hasLocks: boolean;

  /**
   * @param cluster - the name that the disks bear.
   * @param machines - names of the machines of the log that are this project's own.
   */
  constructor(cluster: string, run: ObservedRun, machines: readonly string[], report: Report, coverage: Coverage) {
    const ghost = new Ghost(cluster, run);
    this.ghost = ghost;
    this.sessions = new SessionChecker(ghost, report, coverage);
    this.store = new StoreChecker(this.sessions.sessions, ghost, report, coverage);
    this.locks = new LockChecker(this.sessions.sessions, ghost, report, coverage);
    this.liveness = new LivenessChecker(ghost, report, coverage);
    const leases = new LeaseChecker(ghost, report, coverage);
    const checkers: Checker[] = [
      // What a cut lost is said before what is missing.
      new SnapshotChecker(ghost, report, coverage),
      new StorageChecker(ghost, report, coverage),
      new AcceptorChecker(ghost, report, coverage),
      new MembershipChecker(ghost, report, coverage),
      new ProposerChecker(ghost, report, coverage),
      new AgreementChecker(ghost, report, coverage),
      new OrderChecker(ghost, report, coverage),
      new ApplyChecker(ghost, report, coverage),
      this.sessions,
      leases,
      new ReadChecker(leases, ghost, report, coverage),
      this.liveness,
    ];
    this.#hasStore = machines.includes(KV_NAME);
    if (this.#hasStore) checkers.push(this.store);
    this.#hasLocks = machines.includes(LOCK_MACHINE);
    if (this.#hasLocks) checkers.push(this.locks);
    ghost.tell(checkers, Checker.prototype);
    this.observers = [ghost, ...checkers];
  }

  /** A caller was told that its write stands at `revision`. */
  acknowledged(revision: number, what: string): void {
    this.sessions.acknowledged(revision, what);
  }

  /** A client has the answer to a call of a machine. */
  replied(who: string, machine: string, reply: Reply): void {
    this.sessions.replied(reply, `a call of ${machine} by ${who}`);
  }

  /** A client has the answer to a query of a machine. */
  shown(who: string, machine: string, query: Uint8Array, reply: Reply): void {
    if (this.#hasStore && machine === KV_NAME) this.store.shown(who, query, reply);
    if (this.#hasLocks && machine === LOCK_MACHINE) this.locks.shown(who, query, reply);
  }

  /** A caller asked the log what became of a request. */
  asked({ session, number }: RequestId, settled: Settled, what: string): void {
    if (settled.outcome === "applied") this.sessions.replied(settled.reply, `${what}, settled`);
    else if (settled.outcome === "not-applied")
      this.sessions.denied({ session, number }, `${what} was settled as not applied`);
  }

  /** A caller was told that its call failed. */
  failed(error: QuorateError, what: string): void {
    if (error.request === null) return;
    if (error.outcome === "not-applied") this.sessions.denied(error.request, `${what} failed with ${error.code}`);
    else this.sessions.unknown(error.request);
  }
}
