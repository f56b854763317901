import { encodeBatch, LogTimeStamper } from "@quorate/machine";
import type { Ballot, Proposed } from "@quorate/paxos";
import type { LogLimits } from "../limits.ts";
import type { Waiter } from "./replies.ts";

/** A batch that an engine took in this opening, until its slot is applied here. */
interface Undecided {
  readonly stampMs: number;
  readonly waiters: readonly Waiter[];
}

/**
 * What waited becomes one batch, encoded once, and stamped for one opening of one ballot (rule 8). No timer fills a batch: it is what
 * arrived while the disk was busy with the one before.
 */
export class Batcher {
  readonly #limits: LogLimits;
  #waiting: Waiter[] = [];
  #head = 0;
  #waitingBytes = 0;
  #undecided: Undecided[] = [];
  #opening: Ballot = 0;
  #stamper = new LogTimeStamper(0, 0);
  /** Batches proposed so far; for status and tests. */
  batches = 0;
  clockSteps = 0;

  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  get opening(): Ballot {
    return this.#opening;
  }

  /** Commands that no engine has. */
  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Batches that an engine has and that are not applied. */
  get undecided(): number {
    return this.#undecided.length;
  }

  add(waiter: Waiter): void {
    this.#waiting.push(waiter);
    this.#waitingBytes += waiter.command.length;
  }

  /** The leader opened: log time goes on from what it has applied, by its own monotonic clock. */
  opened(opening: Ballot, logTimeMs: number, nowMs: number): void {
    this.#opening = opening;
    this.#undecided = [];
    this.#stamper = new LogTimeStamper(logTimeMs, nowMs);
  }

  /** The opening ended. What its engine took is decided by others now; nothing of it is proposed again under its stamp. */
  ended(): void {
    this.#opening = 0;
    this.#undecided = [];
  }

  /** What waits, for its refusal; nothing waits afterwards. */
  drop(): readonly Waiter[] {
    const dropped = this.#waiting.slice(this.#head);
    this.#waiting = [];
    this.#head = 0;
    this.#waitingBytes = 0;
    return dropped;
  }

  /** Whether there is something to propose, if an engine takes it. `dueMs`: Infinity if this node makes no clock steps. */
  isDue(nowMs: number, dueMs: number): boolean {
    return this.waiting > 0 || this.#stepIsDue(nowMs, dueMs);
  }

  /**
   * Proposes what waits, and a clock step when `dueMs` is reached.
   *
   * @param writing - a batch of this node is on its way to its disk: only a full batch goes now.
   * @returns whether the engine took something.
   */
  propose(
    propose: (opening: Ballot, batch: Uint8Array) => Proposed,
    nowMs: number,
    dueMs: number,
    writing: boolean,
  ): boolean {
    if (this.#opening === 0) return false;
    let taken = false;
    while (this.waiting > 0 && this.#undecided.length < this.#limits.batchesUndecidedMax) {
      if ((writing || taken) && !this.#full()) break;
      if (!this.#proposeOne(propose, nowMs)) return taken;
      taken = true;
    }
    if (!taken && this.#stepIsDue(nowMs, dueMs)) {
      const stampMs = this.#stamper.stampMs(nowMs);
      if (propose(this.#opening, encodeBatch(stampMs, [])) !== "taken") return false;
      this.#undecided.push({ stampMs, waiters: [] });
      this.clockSteps += 1;
      return true;
    }
    return taken;
  }

  /**
   * A batch of this opening was applied here: its slots come in the order in which they were proposed. One that does not count (rule 9) changed nothing
   * on any replica, so its requests go to the front again, under a new stamp.
   */
  decided(counted: boolean): void {
    const batch = this.#undecided.shift();
    if (batch === undefined)
      throw new Error("a batch of the present opening was applied that this node did not propose in it");
    if (counted) return;
    const again = batch.waiters.filter((waiter) => !waiter.told);
    this.#waiting = [...again, ...this.#waiting.slice(this.#head)];
    this.#head = 0;
    for (const waiter of again) this.#waitingBytes += waiter.command.length;
  }

  #full(): boolean {
    return this.waiting >= this.#limits.batchCommandsMax || this.#waitingBytes >= this.#limits.batchBytesMax;
  }

  /** A clock step changes something now, and no batch on its way makes it. */
  #stepIsDue(nowMs: number, dueMs: number): boolean {
    if (this.waiting > 0 || this.#stamper.stampMs(nowMs) < dueMs) return false;
    const last = this.#undecided.at(-1);
    return last === undefined || last.stampMs < dueMs;
  }

  #proposeOne(propose: (opening: Ballot, batch: Uint8Array) => Proposed, nowMs: number): boolean {
    const waiters: Waiter[] = [];
    let bytes = 0;
    let index = this.#head;
    for (; index < this.#waiting.length; index++) {
      const waiter = this.#waiting[index]!;
      if (waiters.length >= this.#limits.batchCommandsMax) break;
      if (waiters.length > 0 && bytes + waiter.command.length > this.#limits.batchBytesMax) break;
      bytes += waiter.command.length;
      // Settled meanwhile by a copy of it that stood in the log already.
      if (!waiter.told) waiters.push(waiter);
    }
    if (waiters.length > 0) {
      const stampMs = this.#stamper.stampMs(nowMs);
      if (propose(this.#opening, encodeBatch(stampMs, waiters)) !== "taken") return false;
      for (const waiter of waiters) waiter.handed = true;
      this.#undecided.push({ stampMs, waiters });
      this.batches += 1;
    }
    this.#waitingBytes -= bytes;
    this.#head = index;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > 4_096 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return true;
  }
}
