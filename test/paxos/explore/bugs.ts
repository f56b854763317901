import { MUTANTS, type Patch } from "@quorate/sim/mutants";

/** A defect that the explorer must find: one of the bugs that the simulator hunts, planted by the same patches. */
export interface Bug {
  /** Its row in the kill table. */
  readonly number: number;
  readonly what: string;
  readonly patches: readonly Patch[];
  /** The smallest scope that shows it. */
  readonly scope: readonly string[];
}

function bug(number: number, id: string, scope: readonly string[]): Bug {
  const mutant = MUTANTS.find((each) => each.id === id);
  if (mutant === undefined) throw new Error(`there is no planted bug "${id}"`);
  return { number, what: mutant.what, patches: mutant.patches, scope };
}

/** Those that need no disk and no machine to be seen. */
export const BUGS: readonly Bug[] = [
  bug(5, "5", ["--ballots", "2", "--crashes", "0"]),
  bug(6, "6", ["--ballots", "2", "--crashes", "0"]),
  bug(7, "7b", ["--ballots", "4", "--crashes", "0"]),
  bug(11, "11", ["--ballots", "2", "--crashes", "0"]),
  bug(12, "12", ["--ballots", "1", "--crashes", "1"]),
];
