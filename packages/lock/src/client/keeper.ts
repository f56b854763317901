import { type Caller, type Clock, QuorateError, type SessionLease, SuspensionDetector } from "@quorate/machine";

import { commandCodec, resultCodec } from "../machine/command.ts";
import { CONFIRM_MAX } from "../machine/limits.ts";
import { LOCK_MACHINE } from "../machine/machine.ts";
import type { ClaimStatus } from "../machine/status.ts";
import { strangeAnswer } from "./errors.ts";

/** How often the clocks are compared while a lock is held. */
const LOOK_MS = 1000;
/** How long a confirmation that failed, or a withdrawal, waits for the next try. */
const RETRY_MS = 200;

/** When a request left, at the earliest. */
export interface Departure {
  /** Monotonic time. */
  readonly sentMs: number;
  /** How many suspensions were found before. */
  readonly suspensions: number;
}

/** A held lock, as its keeper sees it. */
export interface Kept {
  readonly claim: number;
  /** The log said how the claim stands, to a request that left then. */
  confirmed(status: ClaimStatus, departure: Departure): void;
  /** Compare the clocks, and act on it. */
  look(): void;
}

/**
 * Keeps the held locks of one session believable: after each renewal of the session it asks the log, in one command, how its claims stand. So a forced
 * release reaches the holder, and the log knows when a holder that it does not reach must have stopped believing.
 *
 * It also looks for suspension (rule 26) for all of them.
 */
export class Keeper {
  readonly lease: SessionLease;
  readonly caller: Caller;
  readonly clock: Clock;
  /** Suspensions found so far. What left before the last of them proves nothing. */
  private suspensions = 0;
  /** What went wrong with the last confirmation; null if nothing did. */
  trouble: unknown = null;
  private readonly kept = new Set<Kept>();
  private readonly detector: SuspensionDetector;
  /** For how long the monotonic clock stood still, as far as a lease that is not yet renewed twice may not know. */
  private stoodStillMs = 0;
  private renewalsToCome = 0;
  private confirming = false;
  private confirmAgain = false;
  private stopLooking: (() => void) | null = null;

  constructor(caller: Caller, clock: Clock, lease: SessionLease) {
    this.caller = caller;
    this.clock = clock;
    this.lease = lease;
    this.detector = new SuspensionDetector(clock.nowMs(), clock.wallMs());
    const stop = lease.onRenewed(() => this.renewed());
    lease.ended.addEventListener(
      "abort",
      () => {
        stop();
        this.lookAll();
      },
      { once: true },
    );
  }

  /** Fires when the session is over. One for each call: a thousand calls that listen to one signal look like a leak to the platform, which warns. */
  sessionEnded(): AbortSignal {
    return AbortSignal.any([this.lease.ended]);
  }

  add(kept: Kept): void {
    this.kept.add(kept);
    if (this.stopLooking === null) this.lookLater();
  }

  remove(kept: Kept): void {
    this.kept.delete(kept);
    if (this.kept.size === 0) {
      this.stopLooking?.();
      this.stopLooking = null;
    }
  }

  /**
   * Until when the session may be believed in. After a suspension, less by as long as the clock may have stood still, until the second
   * renewal: only that one surely began afterwards.
   */
  leaseEndMs(): number {
    return this.lease.ended.aborted ? -Infinity : this.lease.leaseEndMs() - this.stoodStillMs;
  }

  /** Whether what left then proves nothing any more. */
  isVoid(departure: Departure): boolean {
    return departure.suspensions !== this.suspensions;
  }

  /** For how long the clock may have stood still since then. */
  stoodStillSinceMs(departure: Departure): number {
    return this.isVoid(departure) ? this.stoodStillMs : 0;
  }

  /** To be taken right before a request is sent. */
  departure(): Departure {
    this.look();
    return { sentMs: this.clock.nowMs(), suspensions: this.suspensions };
  }

  /** Compares the clocks. */
  look(): void {
    const apartMs = this.detector.apartMs(this.clock.nowMs(), this.clock.wallMs());
    if (apartMs === 0) return;
    this.suspensions += 1;
    // A clock that answers NaN may have stood still for ever.
    this.stoodStillMs += Number.isNaN(apartMs) ? Infinity : Math.max(0, apartMs);
    this.renewalsToCome = 2;
    this.confirm();
    this.lookAll();
  }

  /** Asks the log about all claims, now or as soon as the question under way is answered. */
  confirm(): void {
    if (this.kept.size === 0 || this.lease.ended.aborted) return;
    this.confirmAgain = true;
    if (this.confirming) return;
    this.confirming = true;
    // Never rejects: what goes wrong is kept as `trouble`, and belief runs out.
    void this.confirmAll();
  }

  /**
   * Takes a claim back in the background, until the log has said that it is gone or the session is over.
   *
   * @param unknown - the error of the acquiring request, if nobody knows whether it was applied: it is settled first, so that it cannot come later.
   */
  withdraw(claim: number, unknown: unknown): void {
    if (!this.lease.ended.aborted) void this.tryWithdraw(claim, unknown);
  }

  private async tryWithdraw(claim: number, unknown: unknown): Promise<void> {
    const options = { timeoutMs: 0, signal: this.sessionEnded() };
    try {
      const request = unknown instanceof QuorateError && unknown.outcome === "unknown" ? unknown.request : null;
      if (request !== null && (await this.caller.settle(request, options)).outcome === "not-applied") return;
      await this.caller.call(LOCK_MACHINE, commandCodec.encode({ kind: "cancel", claim }), options);
    } catch (error) {
      this.trouble = error;
      if (this.lease.ended.aborted || (error instanceof QuorateError && error.code === "CLOSED")) return;
      this.clock.after(RETRY_MS, () => this.withdraw(claim, unknown));
    }
  }

  private renewed(): void {
    if (this.renewalsToCome > 0 && --this.renewalsToCome === 0) this.stoodStillMs = 0;
    this.confirm();
    this.lookAll();
  }

  private async confirmAll(): Promise<void> {
    try {
      while (this.confirmAgain && this.kept.size > 0 && !this.lease.ended.aborted) {
        this.confirmAgain = false;
        const claims = [...this.kept];
        for (let from = 0; from < claims.length; from += CONFIRM_MAX) {
          await this.confirmSome(claims.slice(from, from + CONFIRM_MAX));
        }
        this.trouble = null;
      }
    } catch (error) {
      this.trouble = error;
      this.clock.after(RETRY_MS, () => this.confirm());
    } finally {
      this.confirming = false;
    }
  }

  private async confirmSome(kept: readonly Kept[]): Promise<void> {
    const claims = kept.map(({ claim }) => claim);
    const { statuses, departure } = await this.ask(claims, this.sessionEnded());
    this.look();
    kept.forEach((one, index) => one.confirmed(statuses[index]!, departure));
  }

  /** Asks the log how claims stand. Of a session that is another than the lease's, none stands. */
  async ask(
    claims: readonly number[],
    signal: AbortSignal,
  ): Promise<{ readonly statuses: readonly ClaimStatus[]; readonly departure: Departure }> {
    const { caller, lease } = this;
    const departure = this.departure();
    // An answer that comes later than the belief it would give is of no use.
    const options = { timeoutMs: lease.ttlMs, signal };
    const reply = await caller.call(LOCK_MACHINE, commandCodec.encode({ kind: "confirm", claims }), options);
    const result = resultCodec.decode(reply.bytes);
    if (result.kind !== "confirmed" || result.statuses.length !== claims.length) {
      throw strangeAnswer("confirm", result.kind);
    }
    if (result.session === lease.id) return { statuses: result.statuses, departure };
    return { statuses: claims.map((claim) => ({ claim, state: "none", token: 0, untilMs: 0 })), departure };
  }

  private lookLater(): void {
    this.stopLooking = this.clock.after(LOOK_MS, () => {
      this.stopLooking = null;
      this.look();
      if (this.kept.size > 0 && this.stopLooking === null) this.lookLater();
    });
  }

  private lookAll(): void {
    for (const kept of this.kept) kept.look();
  }
}
