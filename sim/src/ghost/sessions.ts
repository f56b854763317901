/** A session, as it follows from the log alone. */
interface GhostSession {
  readonly ttlMs: number;
  renewedMs: number;
}

/** Which sessions live, by the steps that opened, renewed and closed them and by log time: computed here once more, beside the machine that is checked. */
export class GhostSessions {
  readonly #living = new Map<number, GhostSession>();
  readonly #over = new Map<number, string>();

  opened(id: number, ttlMs: number, logTimeMs: number): void {
    if (!this.#over.has(id) && !this.#living.has(id)) this.#living.set(id, { ttlMs, renewedMs: logTimeMs });
  }

  renewed(id: number, logTimeMs: number): void {
    const session = this.#living.get(id);
    if (session !== undefined) session.renewedMs = logTimeMs;
  }

  ended(id: number, why: string): void {
    if (this.#living.delete(id)) this.#over.set(id, why);
  }

  /** Log time has come to here. */
  pass(logTimeMs: number): void {
    for (const [id, { ttlMs, renewedMs }] of this.#living) {
      if (renewedMs + ttlMs <= logTimeMs) this.ended(id, `it expired at log time ${renewedMs + ttlMs}`);
    }
  }

  lives(id: number): boolean {
    return this.#living.has(id);
  }

  /** Why it does not live. */
  why(id: number): string {
    return this.#over.get(id) ?? "nobody opened it";
  }
}
