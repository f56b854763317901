import { APART_MS_MAX } from "../suspension.ts";

/** The bound on the drift of any clock against real time, unless configured otherwise: 2 %. */
export const DRIFT_DEFAULT = 0.02;

/**
 * Until when, on its own monotonic clock, a client may believe in its session (rule 25): before the log may expire it, as long as neither clock
 * drifts by more than `drift`, and however the machine sleeps: sleep that goes unnoticed is taken off (`APART_MS_MAX`).
 *
 * @param firstSentMs - when the *first* copy of the last confirmed renewal (or of the opening) left. A later copy gets the stored result, whose
 * time was counted from the first application.
 * @param ttlMs - what the log granted.
 * @param drift - ρ, from 0 to less than 1.
 */
export function leaseEndMs(firstSentMs: number, ttlMs: number, drift: number = DRIFT_DEFAULT): number {
  return firstSentMs + (ttlMs * (1 - drift)) / (1 + drift) - APART_MS_MAX;
}
