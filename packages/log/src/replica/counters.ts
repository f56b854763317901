/** How often each thing happened, by name. */
export class Counters {
  readonly #counts = new Map<string, number>();
  /** All of them as they are; `null`: not put together since one was added to. */
  #all: Readonly<Record<string, number>> | null = null;

  add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    this.#all = null;
  }

  all(): Readonly<Record<string, number>> {
    this.#all ??= Object.fromEntries([...this.#counts].sort(([left], [right]) => (left < right ? -1 : 1)));
    return this.#all;
  }
}
