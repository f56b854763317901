import { DRIFT_DEFAULT, leaseEndMs } from "@quorate/machine";

import { commandCodec, resultCodec } from "../machine/command.ts";
import { LOCK_MACHINE } from "../machine/machine.ts";
import type { ClaimStatus } from "../machine/status.ts";
import { lostError, strangeAnswer } from "./errors.ts";
import type { Departure, Keeper, Kept } from "./keeper.ts";

/** A held lock is in jeopardy when less than this part of its belief remains. */
export const JEOPARDY_PART: number = 1 / 3;

/**
 * `held → jeopardy → held | lost`, and `released` from either of the first two. `jeopardy`: less than a third of the belief remains, the log was asked and did not
 * answer; or the machine slept and nothing is believed until the log has answered; or the lock was revoked by force. `lost` and `released` are final.
 */
export type HeldLockState = "held" | "jeopardy" | "lost" | "released";

/**
 * A lock that this client was granted.
 *
 * What it guarantees: while `assertHeld()` returns, no other session was granted the lock, as long as clocks run within the drift bound (2 % by default):
 * belief here ends before the log can give the lock on.
 *
 * What it cannot guarantee: that something you sent while you held it *arrives* while you hold it. Your process may stop between `assertHeld()` and the
 * write, the network may keep the write for a minute, and the lock may be another's by then. No lock service can close this gap on its own side. The resource can:
 * send `token` along, and have it refuse tokens lower than the highest it has seen (`Fence`). A write in the same log needs no trust at all: a key-value
 * transaction that compares the lock with the token.
 */
export class HeldLock implements Kept {
  /** What was acquired, sorted. */
  readonly names: readonly string[];
  /** Fencing token: greater than that of every earlier grant which this one excludes. */
  readonly token: number;
  /** The number by which the session knows it. */
  readonly claim: number;
  private readonly keeper: Keeper;
  private readonly beliefMs: number;
  private readonly drift: number;
  private readonly controller: AbortController = new AbortController();
  private readonly listeners = new Set<(state: HeldLockState) => void>();
  /** Of the request whose answer is believed. */
  private departure: Departure;
  private stateNow: HeldLockState = "held";
  private isRevoked = false;
  private why = "";
  private cancelTimer: () => void = () => {};
  private releasing: Promise<void> | null = null;

  /**
   * Made by a lock client.
   *
   * @param departure - of the request that told of the grant.
   * @param beliefMs - what the claim says about its belief.
   */
  constructor(
    keeper: Keeper,
    names: readonly string[],
    claim: number,
    token: number,
    departure: Departure,
    beliefMs: number,
    drift: number = DRIFT_DEFAULT,
  ) {
    this.keeper = keeper;
    this.names = names;
    this.claim = claim;
    this.token = token;
    this.departure = departure;
    this.beliefMs = beliefMs;
    this.drift = drift;
    keeper.add(this);
    this.look();
    if (this.isVoid()) keeper.confirm();
  }

  /** As of now: the clocks are read. */
  get state(): HeldLockState {
    this.keeper.look();
    this.look();
    return this.stateNow;
  }

  /** Whether it was taken by force: finish and release; the belief is not renewed any more. */
  get revoked(): boolean {
    return this.isRevoked;
  }

  /** Fires once the lock is lost, never by `release`. A timer fires it, so a blocked event loop delays it: ask `assertHeld` where it matters. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** `told` runs at every change of the state; returns the function that stops it. */
  onState(told: (state: HeldLockState) => void): () => void {
    this.listeners.add(told);
    return () => this.listeners.delete(told);
  }

  /** Milliseconds for which the lock may still be believed in if nothing more is heard; 0: not even now. */
  remainingMs(): number {
    const { state } = this;
    return state === "lost" || state === "released" || this.isVoid()
      ? 0
      : Math.max(0, this.endMs() - this.keeper.clock.nowMs());
  }

  /**
   * Returns if the lock is held now, by comparing clocks, not by waiting for a timer.
   *
   * @throws QuorateError `LOCK_LOST` if it is lost or released, or if the machine slept and the log has not confirmed the lock since.
   */
  assertHeld(): void {
    const { state } = this;
    if (state === "lost" || state === "released") throw this.lost();
    if (this.isVoid()) {
      throw lostError(
        this.names.join(", "),
        this.token,
        "the machine slept or a clock jumped, and the log has not confirmed it since",
      );
    }
  }

  /**
   * Gives the lock up. The belief ends at once, before the request leaves; so this is safe to call in any state, and again.
   *
   * Resolves once the log has taken it. If that fails, the release goes on in the background while the session lives, and the error is thrown.
   */
  release(): Promise<void> {
    this.keeper.look();
    this.look();
    if (this.stateNow === "lost") return Promise.resolve();
    if (this.releasing === null) {
      this.end("it was released");
      this.become("released");
      this.releasing = this.sendRelease();
    }
    return this.releasing;
  }

  /** The keeper's word, nobody else's. */
  confirmed(status: ClaimStatus, departure: Departure): void {
    if (this.isOver()) return;
    // The belief may have ended while the answer was on its way: then it stays ended.
    this.look();
    if (this.isOver()) return;
    if ((status.state !== "held" && status.state !== "revoked") || status.token !== this.token) {
      this.lose("the log says that it is not held any more");
      return;
    }
    if (status.state === "revoked") this.isRevoked = true;
    else this.departure = departure;
    this.look();
  }

  /** For the keeper; `state` does it for everybody else. */
  look(): void {
    if (this.isOver()) return;
    const { clock, lease } = this.keeper;
    const remainingMs = this.endMs() - clock.nowMs();
    if (lease.ended.aborted) return this.lose("its session is over");
    // Written so that a clock that answers NaN ends the belief.
    if (!(remainingMs > 0)) return this.lose("the log did not confirm it in time");
    const shortMs = this.spanMs() * JEOPARDY_PART;
    const short = remainingMs < shortMs;
    this.become(short || this.isRevoked || this.isVoid() ? "jeopardy" : "held");
    if (this.isOver()) return;
    this.cancelTimer();
    // Past the threshold by a hair, or rounding would bring the timer back again and again.
    this.cancelTimer = clock.after(short ? remainingMs : remainingMs - shortMs + 0.001, () => {
      this.keeper.look();
      this.look();
    });
  }

  private lost(): Error {
    return lostError(this.names.join(", "), this.token, this.why, this.keeper.trouble ?? undefined);
  }

  private spanMs(): number {
    return leaseEndMs(0, this.beliefMs, this.drift);
  }

  private endMs(): number {
    return Math.min(
      this.keeper.leaseEndMs(),
      leaseEndMs(this.departure.sentMs, this.beliefMs, this.drift) - this.keeper.stoodStillSinceMs(this.departure),
    );
  }

  private isVoid(): boolean {
    return this.keeper.isVoid(this.departure);
  }

  private isOver(): boolean {
    return this.stateNow === "lost" || this.stateNow === "released";
  }

  private lose(why: string): void {
    this.end(why);
    this.stateNow = "lost";
    this.controller.abort(this.lost());
    // The session may live on: then the log would keep the lock for a holder that is none.
    this.keeper.withdraw(this.claim, null);
    this.tell();
  }

  private end(why: string): void {
    this.why = why;
    this.cancelTimer();
    this.keeper.remove(this);
  }

  private become(state: HeldLockState): void {
    if (this.stateNow === state) return;
    this.stateNow = state;
    this.tell();
  }

  private tell(): void {
    for (const told of this.listeners) told(this.stateNow);
  }

  private async sendRelease(): Promise<void> {
    const { keeper, claim, token } = this;
    try {
      const command = commandCodec.encode({ kind: "release", claim, token });
      const reply = await keeper.caller.call(LOCK_MACHINE, command, { signal: keeper.sessionEnded() });
      const result = resultCodec.decode(reply.bytes);
      if (result.kind !== "released") throw strangeAnswer("release", result.kind);
    } catch (error) {
      // With the session, the log has given up the lock.
      if (keeper.lease.ended.aborted) return;
      keeper.withdraw(claim, null);
      throw error;
    }
  }
}
