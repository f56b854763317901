import { type RevisionedOperation, showRevisioned } from "../revisioned-operation.ts";

/** A rule that operations break. `proven` is false if other guesses about calls of unknown outcome might mend it. */
export interface Broken {
  readonly why: string;
  readonly involved: readonly RevisionedOperation[];
  readonly proven: boolean;
}

/** Names the rule in words, and the operations that break it. */
export function broken(why: string, involved: readonly RevisionedOperation[], proven: boolean = true): Broken {
  return { why, involved, proven };
}

/** A broken rule as lines of text. */
export function showBroken(rule: Broken): string {
  return [`Not linearizable: ${rule.why}.`, ...rule.involved.map((each) => `  ${showRevisioned(each)}`)].join("\n");
}
