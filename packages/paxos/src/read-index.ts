import { Gathering } from "./gathering.ts";
import type { ReadAnswer } from "./output.ts";

/** A read of this node or of a follower that waits for its round. */
export interface WaitingRead {
  readonly token: number;
  /** 0: asked here. Otherwise the node that asked, in `life` of its process. */
  readonly node: number;
  readonly life: number;
  readonly bound: number;
  /** 0 until the next round takes it along. */
  round: number;
}

/**
 * Read-index: the bound is taken at arrival, leadership is confirmed by a round of heartbeats begun afterwards (rule 18).
 *
 * Source: D. Ongaro, *Consensus: Bridging Theory and Practice*, section 6.4, carried over to ballots.
 */
export class ReadIndex {
  waiting: WaitingRead[] = [];
  /** Reads asked here that were passed to the leader: when, by token, oldest first. */
  private readonly forwarded = new Map<number, number>();
  readonly answers: Gathering<ReadAnswer> = new Gathering();

  get count(): number {
    return this.waiting.length + this.forwarded.size;
  }

  ask(token: number, node: number, life: number, bound: number): void {
    this.waiting.push({ token, node, life, bound, round: 0 });
  }

  forward(token: number, nowMs: number): void {
    this.forwarded.set(token, nowMs);
  }

  answer(token: number, bound: number, validUntilMs: number): void {
    this.answers.push({ token, bound, validUntilMs });
  }

  /** A bound came from the leader. Returns false if no such read waits. */
  bound(token: number, bound: number): boolean {
    if (!this.forwarded.delete(token)) return false;
    this.answer(token, bound, Infinity);
    return true;
  }

  /** Whether some read needs a round of its own. */
  get needsRound(): boolean {
    return this.waiting.length > 0 && this.waiting[this.waiting.length - 1]!.round === 0;
  }

  /** A round begins: everything that arrived before it goes along. */
  roundBegins(round: number): void {
    for (let index = this.waiting.length - 1; index >= 0 && this.waiting[index]!.round === 0; index--) {
      this.waiting[index]!.round = round;
    }
  }

  /** Rounds up to `round` are confirmed. Returns the reads that waited for them. */
  confirmed(round: number): readonly WaitingRead[] {
    let count = 0;
    while (count < this.waiting.length && this.waiting[count]!.round > 0 && this.waiting[count]!.round <= round)
      count++;
    return count === 0 ? [] : this.waiting.splice(0, count);
  }

  /** Forwarded reads older than `sinceMs` are refused: whoever was asked does not answer. */
  refuseForwarded(olderThanMs: number): void {
    if (this.forwarded.size === 0) return;
    for (const [token, sinceMs] of this.forwarded) {
      if (sinceMs > olderThanMs) return;
      this.forwarded.delete(token);
      this.answer(token, -1, Infinity);
    }
  }

  /** This node leads no more. Returns the reads that others had asked for. */
  refuseWaiting(): readonly WaitingRead[] {
    const refused = this.waiting;
    this.waiting = [];
    for (const read of refused) if (read.node === 0) this.answer(read.token, -1, Infinity);
    return refused.filter((read) => read.node !== 0);
  }
}
