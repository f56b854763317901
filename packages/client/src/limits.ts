/** What a client does by itself, and when. All times in milliseconds. */
export interface ClientLimits {
  /** A call without a deadline of its own ends after this. */
  readonly timeoutMs: number;
  /** Numbers of a session in use at a time: sent, or answered and not yet releasable. More calls wait. Below `SessionLimits.resultsMax` of the log. */
  readonly windowMax: number;
  /** Calls and reads that wait in the client; more are refused with `OVERLOADED`. */
  readonly waitingMax: number;
  /** Bytes of one command or query; larger ones are refused with `TOO_LARGE` before they are sent. Well below what a replica takes in one frame. */
  readonly requestBytesMax: number;
  /** A connection that was silent for this long is pinged. */
  readonly pingMs: number;
  /** A connection that was silent for this long is dead. More than twice `pingMs`. */
  readonly silenceMs: number;
  /** Another endpoint is dialled as well if the last one has not answered within this. */
  readonly hedgeMs: number;
  /** First and longest pause between two attempts to dial one endpoint. */
  readonly redialMsMin: number;
  readonly redialMsMax: number;
  /** First and longest pause after a refusal that tells nothing better to do. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** `close()` waits this long at most for the log to end the session; it ends by expiry otherwise. */
  readonly closeMs: number;
  /** Bytes of events of one watch that may wait for their reader. */
  readonly watchWindowBytes: number;
  /** Outcomes of requests that ended unknown and were settled since, kept for `settle`. */
  readonly outcomesMax: number;
}

/** Lifetime of sessions in milliseconds where nothing else was chosen: what a client that vanishes owned is free after this. */
export const SESSION_TTL_MS: number = 10_000;

/** What holds where nothing else was chosen. */
export const CLIENT_LIMITS: ClientLimits = {
  timeoutMs: 10_000,
  windowMax: 1000,
  waitingMax: 65_536,
  requestBytesMax: 4 * 1024 * 1024,
  pingMs: 1000,
  silenceMs: 4000,
  hedgeMs: 250,
  redialMsMin: 20,
  redialMsMax: 2000,
  retryMsMin: 10,
  retryMsMax: 500,
  closeMs: 2000,
  watchWindowBytes: 1 << 20,
  outcomesMax: 4096,
};
