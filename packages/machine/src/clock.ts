/** Time and turns, as a host, a client and a simulator are given them. Nothing else in the packages reads a clock. */
export interface Clock {
  /** Monotonic milliseconds, with a fraction. Never goes back; may stand still while the machine is suspended. */
  nowMs(): number;
  /** Wall-clock milliseconds. May jump. Only to detect suspension (rule 26) and for people. */
  wallMs(): number;
  /** Runs `run` once, not before `ms` from now, in a later turn. Returns the function that cancels it. */
  after(ms: number, run: () => void): () => void;
  /** Runs `run` once, after all input of this turn of the event loop was taken. */
  endOfTurn(run: () => void): void;
}
