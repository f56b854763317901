/**
 * Three-valued, so that a search that ran out of budget is never taken for a proof: `linearizable` and `not-linearizable`
 * are both proven, `unknown` says that neither is.
 */
export type Verdict = "linearizable" | "not-linearizable" | "unknown";
