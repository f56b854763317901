/** How far the two clocks may move apart between two looks. */
const APART_MS_MAX = 100;

/**
 * Finds out that the machine slept or a clock jumped (rule 26): a monotonic clock may stand still meanwhile, a wall clock may be set, but
 * then their deltas differ. Leases and beliefs are void until something that began afterwards was confirmed.
 *
 * Look at the start of every turn, as a lease reply leaves, and in `assertHeld`. A wall clock that is set gives a false alarm, which only costs
 * a renewal; so does drift, if looks are seconds apart.
 */
export class SuspensionDetector {
  private lastNowMs: number;
  private lastWallMs: number;

  /** Both clocks, read one right after the other. */
  constructor(nowMs: number, wallMs: number) {
    this.lastNowMs = nowMs;
    this.lastWallMs = wallMs;
  }

  /** Whether the clocks moved apart by more than 100 ms since the last look. Says so once: the next look compares with this one. */
  suspended(nowMs: number, wallMs: number): boolean {
    const apartMs = Math.abs(wallMs - this.lastWallMs - (nowMs - this.lastNowMs));
    this.lastNowMs = nowMs;
    this.lastWallMs = wallMs;
    // Written so that a clock that answers NaN counts as suspended.
    return !(apartMs <= APART_MS_MAX);
  }
}
