/** Where sessions end that nobody closed. */
export const BEFORE_COMMANDS: number = -1;

/** A session, as it follows from the log alone. */
interface GhostSession {
  readonly ttlMs: number;
  renewedMs: number;
}

/** Which sessions live, by the steps that opened, renewed and closed them and by log time: computed here once more, beside the machine that is checked. */
export class GhostSessions {
  readonly #living = new Map<number, GhostSession>();
  readonly #over = new Map<number, string>();
  /** Those that the batch of now ended, and with which of its commands. */
  #endedNow: { readonly id: number; readonly command: number }[] = [];
  #command = BEFORE_COMMANDS;

  /** A batch begins: what ends before its first command ends by time. */
  batchBegins(): void {
    this.#endedNow = [];
    this.#command = BEFORE_COMMANDS;
  }

  /** The command at this place of the batch is next. */
  commandIs(index: number): void {
    this.#command = index;
  }

  /** Which sessions a command of the last batch ended. */
  endedBy(command: number): readonly number[] {
    return this.#endedNow.flatMap((ended) => (ended.command === command ? [ended.id] : []));
  }

  /** Whether a session lived when a command of the last batch was carried out. */
  livedAt(id: number, command: number): boolean {
    return this.lives(id) || this.#endedNow.some((ended) => ended.id === id && ended.command >= command);
  }

  opened(id: number, ttlMs: number, logTimeMs: number): void {
    if (!this.#over.has(id) && !this.#living.has(id)) this.#living.set(id, { ttlMs, renewedMs: logTimeMs });
  }

  renewed(id: number, logTimeMs: number): void {
    const session = this.#living.get(id);
    if (session !== undefined) session.renewedMs = logTimeMs;
  }

  ended(id: number, why: string): void {
    if (!this.#living.delete(id)) return;
    this.#over.set(id, why);
    this.#endedNow.push({ id, command: this.#command });
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
