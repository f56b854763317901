import { leaseEndMs, type SessionLease } from "@quorate/machine";

/**
 * One session as its client sees it: the numbers it gave out, which of them it has the outcome of, and how long it may
 * believe in the session (rule 25).
 */
export class Session implements SessionLease {
  readonly id: number;
  readonly #windowMax: number;
  readonly #drift: number;
  readonly #suspicion: () => void;
  readonly #told = new Set<() => void>();
  readonly #end = new AbortController();
  /** Numbers above `#releasedTo` whose outcome is here. */
  readonly #finished = new Set<number>();
  #ttlMs: number;
  #leaseEndMs: number;
  #lastNumber = 0;
  #releasedTo = 0;

  /**
   * @param firstSentMs - when the first copy of the request that opened it left; -Infinity: nothing is to be believed before a renewal.
   * @param suspicion - looks whether the machine slept, and calls `suspended` if so (rule 26).
   */
  constructor(options: {
    readonly id: number;
    readonly ttlMs: number;
    readonly firstSentMs: number;
    readonly windowMax: number;
    readonly drift: number;
    readonly suspicion: () => void;
  }) {
    this.id = options.id;
    this.#ttlMs = options.ttlMs;
    this.#windowMax = options.windowMax;
    this.#drift = options.drift;
    this.#suspicion = options.suspicion;
    this.#leaseEndMs = leaseEndMs(options.firstSentMs, options.ttlMs, options.drift);
  }

  get ttlMs(): number {
    return this.#ttlMs;
  }

  get ended(): AbortSignal {
    return this.#end.signal;
  }

  get isOver(): boolean {
    return this.#end.signal.aborted;
  }

  /** Everything up to here has its outcome: the log may forget it. Rides on every request. */
  get releasedTo(): number {
    return this.#releasedTo;
  }

  /** Whether one more call may have a number: the log keeps only so many results that are not released. */
  get hasRoom(): boolean {
    return this.#lastNumber - this.#releasedTo < this.#windowMax;
  }

  leaseEndMs(): number {
    this.#suspicion();
    return this.#leaseEndMs;
  }

  onRenewed(told: () => void): () => void {
    this.#told.add(told);
    return () => this.#told.delete(told);
  }

  /** A number that was never used. */
  takeNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  /** The outcome of `number` is here, or it is of no interest to anybody any more and settled in the log. */
  finish(number: number): void {
    if (number !== this.#releasedTo + 1) {
      if (number > this.#releasedTo) this.#finished.add(number);
      return;
    }
    this.#releasedTo = number;
    while (this.#finished.delete(this.#releasedTo + 1)) this.#releasedTo += 1;
  }

  /** A renewal was confirmed whose first copy left at `firstSentMs`, and no suspension was found since. */
  renewed(firstSentMs: number, ttlMs: number): void {
    if (this.isOver) return;
    const endMs = leaseEndMs(firstSentMs, ttlMs, this.#drift);
    this.#ttlMs = ttlMs;
    if (endMs <= this.#leaseEndMs) return;
    this.#leaseEndMs = endMs;
    for (const told of [...this.#told]) told();
  }

  /** When the next renewal is due, if the last one began at `begunMs`: after a third of the lifetime, sooner if the belief is short. */
  renewalDueMs(begunMs: number): number {
    const shortMs = this.#leaseEndMs - this.#ttlMs / 3;
    return Math.min(begunMs + this.#ttlMs / 3, Math.max(shortMs, begunMs + this.#ttlMs / 10));
  }

  /** The clocks moved apart: the belief is void until a renewal that begins now is confirmed (rule 26). */
  suspended(): void {
    this.#leaseEndMs = -Infinity;
  }

  /** The belief ends before the frame that closes the session leaves (rule 25), and when the log said that it is over. */
  end(): void {
    if (this.isOver) return;
    this.#leaseEndMs = -Infinity;
    this.#told.clear();
    // Nothing is released any more; whoever holds the lease still may ask.
    this.#finished.clear();
    this.#end.abort();
  }
}
