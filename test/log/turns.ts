import type { Clock } from "@quorate/machine";
import type { Done } from "../../packages/log/src/disk/disk.ts";

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** Time and turns under the hands of a test: nothing happens unless it is stepped. */
export class Turns implements Clock {
  #nowMs = 1_000;
  readonly #queue: (() => void)[] = [];
  #timers: Timer[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { dueMs: this.#nowMs + ms, run, cancelled: false };
    this.#timers.push(timer);
    return () => {
      timer.cancelled = true;
    };
  }

  endOfTurn(run: () => void): void {
    this.#queue.push(run);
  }

  /** For a memory disk: completions come one turn later, in order. */
  readonly later = (run: () => void): void => {
    this.#queue.push(run);
  };

  get pending(): number {
    return this.#queue.length;
  }

  /** Runs one turn; false: there was none. */
  step(): boolean {
    const run = this.#queue.shift();
    run?.();
    return run !== undefined;
  }

  /** Runs turns until none is left. Time stands still. */
  run(): void {
    while (this.step());
  }

  /** Lets time pass, timer by timer. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      this.run();
      const due = this.#timers.filter((timer) => !timer.cancelled && timer.dueMs <= untilMs);
      const next = due.sort((left, right) => left.dueMs - right.dueMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next && !timer.cancelled);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
    }
    this.#nowMs = untilMs;
  }

  /** What an operation ended with, after running turns until it has. */
  finish<T>(begin: (done: Done<T>) => void): T {
    let ended: { readonly error: Error | null; readonly value: T } | null = null;
    begin((error, value) => {
      if (ended !== null) throw new Error("an operation ended twice");
      ended = { error, value };
    });
    if (ended !== null) throw new Error("an operation ended in the turn that began it");
    while (ended === null && this.step());
    const outcome = ended as { readonly error: Error | null; readonly value: T } | null;
    if (outcome === null) throw new Error("an operation did not end");
    if (outcome.error !== null) throw outcome.error;
    return outcome.value;
  }
}
