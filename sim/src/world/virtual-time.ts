class Event {
  readonly atMs: number;
  readonly seq: number;
  readonly run: () => void;

  constructor(atMs: number, seq: number, run: () => void) {
    this.atMs = atMs;
    this.seq = seq;
    this.run = run;
  }
}

/** The one true time of a run, and the queue of all that is due: in order of time, then of asking. */
export class VirtualTime {
  /** Milliseconds since the run began. */
  nowMs = 0;
  #seq = 0;
  readonly #heap: Event[] = [];

  /** Events so far. */
  get taken(): number {
    return this.#seq - this.#heap.length;
  }

  /** When the next event is due; Infinity: there is none. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  after(ms: number, run: () => void): void {
    this.at(this.nowMs + ms, run);
  }

  /** Not before now. */
  at(atMs: number, run: () => void): void {
    const heap = this.#heap;
    const event = new Event(Math.max(atMs, this.nowMs), this.#seq++, run);
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent]!;
      if (!before(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  /** Runs the next event: one synchronous call. Does nothing if there is none. */
  step(): void {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    this.nowMs = first.atMs;
    first.run();
  }

  #sink(event: Event): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, event)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = event;
  }
}

function before(left: Event, right: Event): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.seq < right.seq);
}
