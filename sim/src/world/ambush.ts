/** Waits for a moment in which something is to happen to whoever comes. */
export class Ambush<T> {
  readonly #armed = new Set<(who: T) => boolean>();

  /** @param strike - told of each who comes, until it returns true, or until the returned function is called. */
  arm(strike: (who: T) => boolean): () => void {
    this.#armed.add(strike);
    return () => {
      this.#armed.delete(strike);
    };
  }

  /** Whether anybody waits: to find out who comes may cost more than this. */
  get isArmed(): boolean {
    return this.#armed.size > 0;
  }

  comes(who: T): void {
    for (const strike of [...this.#armed]) if (strike(who)) this.#armed.delete(strike);
  }
}
