/** How far the two clocks may move apart unnoticed: two clocks are never read in the same instant. Whoever believes for a time takes as much off. */
export const APART_MS_MAX = 20;

/**
 * Finds out that the machine slept or a clock jumped (rule 26): a monotonic clock may stand still meanwhile, a wall clock may be set, but
 * then their deltas differ. Leases and beliefs are void until something that began afterwards was confirmed.
 *
 * Look at the start of every turn, as a lease reply leaves, and in `assertHeld`. Nothing is forgotten from look to look, so that many short sleeps add up.
 * A wall clock that is set gives a false alarm, which only costs a renewal. Drift gives none where the system steers the rates of both clocks
 * together, as Linux, macOS and Windows do.
 */
export class SuspensionDetector {
  /** By how much the wall clock was ahead of the monotonic one at first, or as a suspension was last found. */
  private aheadMs: number;

  /** Both clocks, read one right after the other. */
  constructor(nowMs: number, wallMs: number) {
    this.aheadMs = wallMs - nowMs;
  }

  /** Whether the clocks moved apart by more than 20 ms. Says so once: from then on they are compared with how they stand now. */
  suspended(nowMs: number, wallMs: number): boolean {
    return this.apartMs(nowMs, wallMs) !== 0;
  }

  /** The same, and by how much: above 0 the monotonic clock may have stood still for as long. 0: no suspension. NaN: a clock answers nonsense. */
  apartMs(nowMs: number, wallMs: number): number {
    const apartMs = wallMs - nowMs - this.aheadMs;
    if (Math.abs(apartMs) <= APART_MS_MAX) return 0;
    if (!Number.isNaN(apartMs)) this.aheadMs += apartMs;
    return apartMs;
  }
}
