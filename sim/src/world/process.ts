import type { Clock } from "@quorate/machine";
import type { VirtualTime } from "./virtual-time.ts";

/** What wall clocks show as a run begins. */
const WALL_START_MS = 1_700_000_000_000;
/**
 * A timer is taken for due if it is early by no more than rounding; and none is shorter: whoever finds that there is a rounding error of its time left, and waits for that
 * as well, would do so for ever at one and the same moment.
 */
const ROUNDING_MS = 1e-6;

/** The bound on drift that production counts on. */
const DRIFT_MAX = 0.02;

/** The clocks of one machine: they run at a rate of their own and outlive its processes. */
export class MachineClocks {
  readonly #time: VirtualTime;
  /** What its clocks showed when their rate was set, and the true time of that. */
  #baseMs: number;
  #wallBaseMs: number;
  #baseTrueMs = 0;
  #rate: number;
  /** True time that the monotonic clock did not count, since its rate was set. */
  #stoodStillMs = 0;
  #sleeps = 0;
  #asleepFromMs = 0;
  #slept = 0;
  #keepsTime = true;

  constructor(time: VirtualTime, rate: number, startMs: number) {
    this.#time = time;
    this.#rate = rate;
    this.#baseMs = startMs;
    this.#wallBaseMs = WALL_START_MS;
  }

  /** How fast its clocks run against true time; 1 is true. */
  get rate(): number {
    return this.#rate;
  }

  /** From now on. */
  set rate(rate: number) {
    this.#baseMs = this.nowMs();
    this.#wallBaseMs = this.wallMs();
    this.#baseTrueMs = this.#time.nowMs;
    this.#stoodStillMs = 0;
    if (this.#sleeps > 0) this.#asleepFromMs = this.#time.nowMs;
    this.#rate = rate;
    if (Math.abs(rate - 1) > DRIFT_MAX) this.#keepsTime = false;
  }

  nowMs(): number {
    const trueMs = this.#sleeps > 0 ? this.#asleepFromMs : this.#time.nowMs;
    return this.#baseMs + (trueMs - this.#baseTrueMs - this.#stoodStillMs) * this.#rate;
  }

  wallMs(): number {
    return this.#wallBaseMs + (this.#time.nowMs - this.#baseTrueMs) * this.#rate;
  }

  /** How often the machine slept. */
  get slept(): number {
    return this.#slept;
  }

  /** Whether it ran within the bound on drift, always: what was promised while it did not may last. */
  get keepsTime(): boolean {
    return this.#keepsTime;
  }

  /** The wall clock is set. */
  jump(ms: number): void {
    this.#wallBaseMs += ms;
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
  /** What runs at the end of turns, in order, of `#turnsAsked`; those before `#turnsBegun` did. */
  readonly #turns: (() => void)[] = [];
  #turnsAsked = 0;
  #turnsBegun = 0;
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
        this.#turns[this.#turnsAsked++] = run;
        time.after(0, this.#turnEnds);
      },
    };
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  /** Whether what happens to it now happens at once. */
  get runs(): boolean {
    return this.#alive && this.#stops === 0;
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

  /** A step of it was taken, now, while it {@link runs}: as by {@link enter}, for who needs no function of its own for it. */
  stepped(): void {
    this.#entered();
  }

  readonly #turnEnds = (): void => {
    const run = this.#turns[this.#turnsBegun++]!;
    if (this.#turnsBegun === this.#turnsAsked) {
      this.#turnsBegun = 0;
      this.#turnsAsked = 0;
    }
    this.enter(run);
  };

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
    const timer = new Timer(this, this.#time, ms, run);
    timer.arm();
    return timer.cancel;
  }
}

/** Runs once, when the clock of its process says so; waits while that is stopped, and is lost with it. */
class Timer {
  readonly #process: Process;
  readonly #time: VirtualTime;
  readonly #dueMs: number;
  readonly #run: () => void;
  #cancelled = false;

  constructor(process: Process, time: VirtualTime, ms: number, run: () => void) {
    this.#process = process;
    this.#time = time;
    this.#dueMs = process.clocks.nowMs() + (ms > 0 ? Math.max(ms, ROUNDING_MS) : ms);
    this.#run = run;
  }

  readonly cancel = (): void => {
    this.#cancelled = true;
  };

  arm(): void {
    const { clocks } = this.#process;
    this.#time.after(Math.max(0, this.#dueMs - clocks.nowMs()) / clocks.rate, this.#expired);
  }

  readonly #expired = (): void => {
    if (this.#cancelled) return;
    const process = this.#process;
    if (!process.runs) return process.enter(() => this.#entered());
    this.#entered();
    process.stepped();
  };

  #entered(): void {
    if (this.#cancelled) return;
    // The clock stood still meanwhile.
    if (this.#process.clocks.nowMs() < this.#dueMs - ROUNDING_MS) this.arm();
    else this.#run();
  }
}
