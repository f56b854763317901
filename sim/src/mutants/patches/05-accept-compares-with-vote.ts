import { FOLLOWED, VOTED } from "../assertions.ts";
import type { Mutant } from "../mutant.ts";

export const acceptComparesWithVote: readonly Mutant[] = [
  {
    id: "5",
    what: "The guard of accept compares with the ballot last voted in, not with the promised one.",
    patches: [
      FOLLOWED,
      VOTED,
      {
        file: "packages/paxos/src/follower.ts",
        anchor: "else if (ballot < acceptor.promised)",
        replacement: "else if (ballot < acceptor.voteBallot)",
      },
    ],
    expects: ["A3", "C1"],
    revealedBy: "contention",
  },
];
