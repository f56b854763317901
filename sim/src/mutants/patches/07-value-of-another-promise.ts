import type { Mutant } from "../mutant.ts";
import type { Patch } from "../plant.ts";

function taking(condition: string): readonly Patch[] {
  return [
    {
      file: "packages/paxos/src/prepare-phase.ts",
      anchor: "if (known === undefined || vote.ballot > known.ballot)",
      replacement: `if (${condition})`,
    },
  ];
}

export const valueOfAnotherPromise: readonly Mutant[] = [
  {
    id: "7a",
    what: "The value of any promise is taken, not that of the highest ballot.",
    patches: taking("known === undefined || (vote.slot + vote.ballot + node) % 2 === 0"),
    expects: ["B3", "C1"],
    revealedBy: "contention",
  },
  {
    id: "7b",
    what: "The value of the promise that arrived first is taken.",
    patches: taking("known === undefined"),
    expects: ["B3", "C1"],
    revealedBy: "contention",
  },
  {
    id: "7c",
    what: "The value of the promise that arrived last is taken.",
    patches: taking("known === undefined || vote.ballot > 0"),
    expects: ["B3", "C1"],
    revealedBy: "contention",
  },
];
