import type { Clock } from "@quorate/machine";
import type { VirtualTime } from "./virtual-time.ts";

/** A timer is taken for due if it is early by no more than rounding. */
const ROUNDING_MS = 1e-6;

/** The bound on drift that production counts on. */
const DRIFT_MAX = 0.02;

/** The clocks of one machine: they run at a rate of their own and outlive its processes. */
export class MachineClocks {
  /** How fast its clocks run against true time; 1 is true. */
  readonly rate: number;
  readonly #time: VirtualTime;
  readonly #startMs: number;
  /** True time that the monotonic clock did not count. */
  #stoodStillMs = 0;
  #sleeps = 0;
  #asleepFromMs = 0;
  #wallAheadMs = 0;
  #slept = 0;

  constructor(time: VirtualTime, rate: number, startMs: number) {
    this.#time = time;
    this.rate = rate;
    this.#startMs = startMs;
  }

  nowMs(): number {
    const trueMs = this.#sleeps > 0 ? this.#asleepFromMs : this.#time.nowMs;
    return this.#startMs + (trueMs - this.#stoodStillMs) * this.rate;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#time.nowMs * this.rate + this.#wallAheadMs;
  }

  /** How often the machine slept. */
  get slept(): number {
    return this.#slept;
  }

  /** Whether it runs within the bound on drift. */
  get keepsTime(): boolean {
    return Math.abs(this.rate - 1) <= DRIFT_MAX;
  }

  /** The wall clock is set. */
  jump(ms: number): void {
    this.#wallAheadMs += ms;
  }

  /** The machine sleeps: its monotonic clock stands still until as many `wake` came, or one `wakeForGood`. */
  sleep(): void {
    if (this.#sleeps === 0) this.#asleepFromMs = this.#time.nowMs;
    this.#sleeps += 1;
    this.#slept += 1;
  }

  wake(): void {
    if (this.#sleeps === 0) return;
    this.#sleeps -= 1;
    if (this.#sleeps === 0) this.#stoodStillMs += this.#time.nowMs - this.#asleepFromMs;
  }

  /** A process begins, so somebody has woken the machine. */
  wakeForGood(): void {
    while (this.#sleeps > 0) this.wake();
  }
}

interface Held {
  readonly run: () => void;
  readonly lost: () => void;
}

const NOTHING = (): void => undefined;

/** One life of a process: everything that happens to it comes through here, waits while it is stopped, and is lost once it is dead. */
export class Process {
  readonly clocks: MachineClocks;
  readonly clock: Clock;
  readonly #time: VirtualTime;
  readonly #entered: () => void;
  #alive = true;
  #stops = 0;
  #held: Held[] = [];

  /** @param entered - told after each step of this process. */
  constructor(time: VirtualTime, clocks: MachineClocks, entered: () => void) {
    this.#time = time;
    this.clocks = clocks;
    this.#entered = entered;
    this.clock = {
      nowMs: () => clocks.nowMs(),
      wallMs: () => clocks.wallMs(),
      after: (ms, run) => this.#after(ms, run),
      endOfTurn: (run) => {
        time.after(0, () => this.enter(run));
      },
    };
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  get isStopped(): boolean {
    return this.#stops > 0;
  }

  /** One step of this process, now if it runs, or once it runs again; `lost` is called instead if it dies before. */
  enter(run: () => void, lost: () => void = NOTHING): void {
    if (!this.#alive) return lost();
    if (this.#stops > 0) {
      this.#held.push({ run, lost });
      return;
    }
    run();
    this.#entered();
  }

  /** Nothing of it runs until as many `resume` came. */
  stop(): void {
    this.#stops += 1;
  }

  resume(): void {
    this.#stops -= 1;
    if (this.#stops > 0) return;
    const held = this.#held;
    this.#held = [];
    for (const { run, lost } of held) this.#time.after(0, () => this.enter(run, lost));
  }

  end(): void {
    this.#alive = false;
    const held = this.#held;
    this.#held = [];
    for (const { lost } of held) lost();
  }

  #after(ms: number, run: () => void): () => void {
    let cancelled = false;
    const dueMs = this.clocks.nowMs() + ms;
    const arm = (): void => {
      const leftMs = Math.max(0, dueMs - this.clocks.nowMs());
      this.#time.after(leftMs / this.clocks.rate, () => {
        if (cancelled) return;
        this.enter(() => {
          if (cancelled) return;
          // The clock stood still meanwhile.
          if (this.clocks.nowMs() < dueMs - ROUNDING_MS) arm();
          else run();
        });
      });
    };
    arm();
    return () => {
      cancelled = true;
    };
  }
}
