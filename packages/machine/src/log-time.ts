/**
 * Log time (rules 8 and 9): milliseconds, with a fraction, that only entries of the log move. Every lifetime is measured in it, so all
 * replicas agree on what has expired, whatever their clocks say.
 */

/** The log time after an entry that counts: never earlier than before. */
export function nextLogTimeMs(lastMs: number, stampMs: number): number {
  return stampMs > lastMs ? stampMs : lastMs;
}

/** Stamps the batches of one opening of one ballot. Made anew each time the leader opens (rule 8). */
export class LogTimeStamper {
  private readonly openedLogTimeMs: number;
  private readonly openedMs: number;

  /**
   * @param openedLogTimeMs - the log time that the leader had applied when it opened.
   * @param openedMs - its monotonic clock at that moment.
   */
  constructor(openedLogTimeMs: number, openedMs: number) {
    this.openedLogTimeMs = openedLogTimeMs;
    this.openedMs = openedMs;
  }

  /** The log time at `nowMs` of the same monotonic clock: the time before the opening does not count. */
  stampMs(nowMs: number): number {
    return this.openedLogTimeMs + Math.max(0, nowMs - this.openedMs);
  }
}
