/** Something of each slot of a log. Slots are dense, so it is an array. */
export class BySlot<T> {
  readonly #values: (T | undefined)[] = [];

  get(slot: number): T | undefined {
    return slot < this.#values.length ? this.#values[slot] : undefined;
  }

  set(slot: number, value: T): void {
    // Without holes at the end an array stays one, however high the first slot is.
    while (this.#values.length < slot) this.#values.push(undefined);
    this.#values[slot] = value;
  }

  delete(slot: number): void {
    if (slot < this.#values.length) this.#values[slot] = undefined;
  }

  clear(): void {
    this.#values.length = 0;
  }

  /** What is there, in order of slots. */
  *[Symbol.iterator](): IterableIterator<readonly [slot: number, value: T]> {
    for (let slot = 0; slot < this.#values.length; slot++) {
      const value = this.#values[slot];
      if (value !== undefined) yield [slot, value];
    }
  }
}
