import type { Clock } from "@quorate/machine";

/** A clock that a test moves. Time passes only in `pass`. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #wallAheadMs = 1_000_000;
  #turn: (() => void)[] = [];
  #timers: { atMs: number; order: number; run: () => void }[] = [];
  #order = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallAheadMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, order: this.#order++, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  endOfTurn(run: () => void): void {
    this.#turn.push(run);
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** The machine sleeps: the wall clock goes on, the monotonic one does not. */
  sleep(ms: number): void {
    this.#wallAheadMs += ms;
  }

  /** Runs everything that is due now, and what that brings about. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 1000; turns++) {
      // Promises settle between turns: more rounds than any chain of them in the code under test is long.
      for (let round = 0; round < 20; round++) await Promise.resolve();
      const turn = this.#turn;
      this.#turn = [];
      const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
      if (turn.length === 0 && due.length === 0) return;
      for (const run of turn) run();
      for (const timer of due) {
        if (!this.#timers.includes(timer)) continue;
        this.#timers = this.#timers.filter((other) => other !== timer);
        timer.run();
      }
    }
    throw new Error("it goes on for ever: something is done again and again without any time passing");
  }

  /** `ms` go by, every timer at its time. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.settle();
    for (;;) {
      const next = this.#timers.reduce((least, { atMs }) => Math.min(least, atMs), Infinity);
      if (next > endMs) break;
      this.#nowMs = next;
      await this.settle();
    }
    this.#nowMs = endMs;
    await this.settle();
  }
}
