import type { IndexedEntry } from "./slot-index.ts";

/** Which durable entries stay in memory: the last ones appended, over all groups, up to a number of payload bytes. */
export class EntryCache {
  readonly #bytesMax: number;
  #queue: IndexedEntry[] = [];
  /** Index of the oldest in the queue. */
  #head = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A durable entry, which still holds its payload. May drop older ones, or this one. */
  add(indexed: IndexedEntry): void {
    this.#queue.push(indexed);
    this.#bytes += indexed.payloadBytes;
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#queue[this.#head]!;
      this.#head += 1;
      this.#bytes -= oldest.payloadBytes;
      oldest.entry = null;
    }
    if (this.#head > 1_024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
