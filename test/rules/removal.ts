import type { Patch } from "@quorate/sim/mutants";

/** One rule taken out of a copy of the sources, and the test that must fail then. */
export interface Removal {
  /** Number of the rule in docs/protocol-paxos.md. */
  readonly rule: number;
  readonly without: string;
  readonly patches: readonly Patch[];
  /** A test file, relative to the root of the repository. */
  readonly test: string;
}
