const CAPACITY_FIRST = 256;
/** Far more than anything that goes on has to do at one moment. */
const STEPS_AT_ONCE_MAX = 1_000_000;

/** The one true time of a run, and the queue of all that is due: in order of time, then of asking. */
export class VirtualTime {
  /** Milliseconds since the run began. */
  nowMs = 0;
  #seq = 0;
  /** Events that wait. */
  #count = 0;
  /** A binary heap: when each event is due, how many were asked for before it, and what it runs, side by side. */
  #atMs = new Float64Array(CAPACITY_FIRST);
  #seqs = new Float64Array(CAPACITY_FIRST);
  readonly #runs: (() => void)[] = [];
  /** What is due now, in order of asking, beside the heap: half of all events are. Those before `#soonDone` were run. */
  readonly #soon: (() => void)[] = [];
  readonly #soonSeqs: number[] = [];
  #soonDone = 0;
  #soonCount = 0;
  /** How many of them were run at this moment. */
  #soonTaken = 0;

  /** Events so far. */
  get taken(): number {
    return this.#seq - this.#count - (this.#soonCount - this.#soonDone);
  }

  /** When the next event is due; Infinity: there is none. */
  get nextMs(): number {
    if (this.#soonDone < this.#soonCount) return this.nowMs;
    return this.#count === 0 ? Infinity : this.#atMs[0]!;
  }

  after(ms: number, run: () => void): void {
    this.at(this.nowMs + ms, run);
  }

  /** Not before now. */
  at(atMs: number, run: () => void): void {
    if (atMs <= this.nowMs) {
      this.#soonSeqs[this.#soonCount] = this.#seq++;
      this.#soon[this.#soonCount++] = run;
      return;
    }
    if (this.#count === this.#atMs.length) this.#grow();
    this.#rise(this.#count++, atMs, this.#seq++, run);
  }

  /**
   * Runs the next event: one synchronous call. Does nothing if there is none.
   *
   * @throws Error if time stands still: who does one thing after the other without waiting would be waited for without end.
   */
  step(): void {
    if (this.#soonDone < this.#soonCount) {
      // Of what is due now, the heap has what was asked for before this moment.
      if (this.#count === 0 || !this.#isBefore(0, this.nowMs, this.#soonSeqs[this.#soonDone]!)) return this.#stepSoon();
    } else if (this.#count === 0) return;
    const atMs = this.#atMs[0]!;
    const run = this.#runs[0]!;
    const last = --this.#count;
    const moved = this.#runs.pop()!;
    if (last > 0) this.#sink(this.#atMs[last]!, this.#seqs[last]!, moved);
    this.nowMs = atMs;
    this.#soonTaken = 0;
    run();
  }

  #stepSoon(): void {
    if (++this.#soonTaken > STEPS_AT_ONCE_MAX) {
      throw new Error(
        `Time stands still: ${STEPS_AT_ONCE_MAX} steps were taken at ${this.nowMs} ms, and more are due then.`,
      );
    }
    const run = this.#soon[this.#soonDone++]!;
    if (this.#soonDone === this.#soonCount) {
      this.#soonDone = 0;
      this.#soonCount = 0;
    }
    run();
  }

  #rise(from: number, atMs: number, seq: number, run: () => void): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      // What stands above was asked for earlier: among equals it goes first.
      if (this.#atMs[parent]! <= atMs) break;
      this.#move(parent, index);
      index = parent;
    }
    this.#put(index, atMs, seq, run);
  }

  #sink(atMs: number, seq: number, run: () => void): void {
    const count = this.#count;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= count) break;
      if (child + 1 < count && this.#isBefore(child + 1, this.#atMs[child]!, this.#seqs[child]!)) child += 1;
      if (!this.#isBefore(child, atMs, seq)) break;
      this.#move(child, index);
      index = child;
    }
    this.#put(index, atMs, seq, run);
  }

  #isBefore(index: number, atMs: number, seq: number): boolean {
    const itsMs = this.#atMs[index]!;
    return itsMs < atMs || (itsMs === atMs && this.#seqs[index]! < seq);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#atMs[from]!, this.#seqs[from]!, this.#runs[from]!);
  }

  #put(index: number, atMs: number, seq: number, run: () => void): void {
    this.#atMs[index] = atMs;
    this.#seqs[index] = seq;
    this.#runs[index] = run;
  }

  #grow(): void {
    const atMs = new Float64Array(2 * this.#atMs.length);
    const seqs = new Float64Array(2 * this.#seqs.length);
    atMs.set(this.#atMs);
    seqs.set(this.#seqs);
    this.#atMs = atMs;
    this.#seqs = seqs;
  }
}
