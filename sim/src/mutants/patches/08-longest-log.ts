import type { Mutant } from "../mutant.ts";

export const longestLog: readonly Mutant[] = [
  {
    id: "8",
    what: "For all slots the votes of the promise with the highest slot are taken: the longest log, as in Raft.",
    patches: [
      {
        file: "packages/paxos/src/prepare-phase.ts",
        anchor: "if (known === undefined || vote.ballot > known.ballot)",
        replacement: "if (known === undefined || page.votes[page.votes.length - 1]!.slot > this.top)",
      },
    ],
    expects: ["B3", "C1"],
    revealedBy: "contention",
  },
];
