/** What is searched. */
export interface Scope {
  /** Voters, majority quorums. */
  readonly nodes: number;
  /** The lowest so many ballots may be campaigned in, in any order, at the same time or never. */
  readonly ballots: number;
  /** Accepts and learns of slots above are lost on the way. */
  readonly slots: number;
  /** Whether one node, any, loses what was not durable once, at any moment, and starts again. */
  readonly crashes: boolean;
  /**
   * `full`: all that loses nothing. `late-syncs`: but the disk of the node that is going to crash syncs when it likes.
   * `none`: every answer and every sync is a step of its own, and every message is remembered for ever.
   */
  readonly reductions: "full" | "late-syncs" | "none";
}
