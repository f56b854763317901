/** Below this many entries, stale ones are not worth a rebuild. */
const REBUILD_ENTRIES_MIN = 64;

/**
 * When which session expires: a binary heap that is late on purpose. A renewal only ever moves an expiry back, so it touches nothing here; an
 * entry that comes to the top too early is put back where it now belongs. So a renewal costs nothing, and the earliest expiry is exact.
 */
export class ExpiryQueue {
  private entries: Entry[] = [];
  private readonly expiresAtMs: (session: number) => number;

  /** @param expiresAtMs - when a session expires, as of now; −1 if there is no such session. */
  constructor(expiresAtMs: (session: number) => number) {
    this.expiresAtMs = expiresAtMs;
  }

  add(session: number, atMs: number): void {
    this.push({ session, atMs });
  }

  /** The earliest expiry; Infinity if there is none. */
  earliestMs(): number {
    for (;;) {
      const top = this.entries[0];
      if (top === undefined) return Infinity;
      const atMs = this.expiresAtMs(top.session);
      if (atMs === top.atMs) return atMs;
      this.pop();
      if (atMs >= 0) this.push({ session: top.session, atMs });
    }
  }

  /** Takes out what expires at `nowMs` or before, by session. */
  take(nowMs: number): number[] {
    const taken: number[] = [];
    while (this.earliestMs() <= nowMs) taken.push(this.pop().session);
    return taken.sort((a, b) => a - b);
  }

  /** Drops the entries of sessions that ended otherwise, once they are the larger part. */
  tidy(sessionCount: number): void {
    if (this.entries.length < REBUILD_ENTRIES_MIN || this.entries.length < 2 * sessionCount) return;
    const old = this.entries;
    this.entries = [];
    for (const { session } of old) {
      const atMs = this.expiresAtMs(session);
      if (atMs >= 0) this.push({ session, atMs });
    }
  }

  private push(entry: Entry): void {
    const { entries } = this;
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (entries[above]!.atMs <= entry.atMs) break;
      entries[index] = entries[above]!;
      index = above;
    }
    entries[index] = entry;
  }

  private pop(): Entry {
    const { entries } = this;
    const top = entries[0]!;
    const last = entries.pop()!;
    const { length } = entries;
    if (length === 0) return top;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= length) break;
      if (below + 1 < length && entries[below + 1]!.atMs < entries[below]!.atMs) below++;
      if (entries[below]!.atMs >= last.atMs) break;
      entries[index] = entries[below]!;
      index = below;
    }
    entries[index] = last;
    return top;
  }
}

interface Entry {
  readonly session: number;
  readonly atMs: number;
}
