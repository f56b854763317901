import type { Clock } from "@quorate/machine";

interface Event {
  readonly atMs: number;
  readonly seq: number;
  readonly run: () => void;
}

/** Virtual time: what is due runs in order of time, then of asking; nothing ever waits for a real clock. */
export class VirtualTime {
  nowMs = 0;
  /** How far wall clocks are ahead of the monotonic ones; a change is a jump. */
  wallAheadMs = 0;
  #seq = 0;
  #heap: Event[] = [];

  /** Runs `run` at `ms` from now. */
  after(ms: number, run: () => void): void {
    const heap = this.#heap;
    heap.push({ atMs: this.nowMs + ms, seq: this.#seq++, run });
    let index = heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(heap[index]!, heap[parent]!)) break;
      [heap[index], heap[parent]] = [heap[parent]!, heap[index]!];
      index = parent;
    }
  }

  /** Runs the next event; false: there is none. */
  step(): boolean {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return false;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      let index = 0;
      for (;;) {
        let least = index;
        for (const child of [2 * index + 1, 2 * index + 2]) {
          if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
        }
        if (least === index) break;
        [heap[index], heap[least]] = [heap[least]!, heap[index]!];
        index = least;
      }
    }
    this.nowMs = Math.max(this.nowMs, first.atMs);
    first.run();
    return true;
  }

  /** Everything that is due within `ms` from now. */
  run(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= endMs) this.step();
    this.nowMs = endMs;
  }

  /** Runs until `met` holds; throws, naming `what`, if it does not within `ms`. */
  until(what: string, met: () => boolean, ms: number = 10_000): void {
    const endMs = this.nowMs + ms;
    while (!met()) {
      if (this.#heap.length === 0 || this.#heap[0]!.atMs > endMs) throw new Error(`${what}: not within ${ms} ms`);
      this.step();
    }
  }

  /** A clock of one process: nothing it was asked for happens once `alive` is false. */
  clock(alive: () => boolean = () => true): Clock {
    const later = (ms: number, run: () => void): (() => void) => {
      let cancelled = false;
      this.after(ms, () => {
        if (!cancelled && alive()) run();
      });
      return () => {
        cancelled = true;
      };
    };
    return {
      nowMs: () => this.nowMs,
      wallMs: () => this.nowMs + this.wallAheadMs,
      after: later,
      endOfTurn: (run) => {
        later(0, run);
      },
    };
  }
}

function before(left: Event, right: Event): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.seq < right.seq);
}
