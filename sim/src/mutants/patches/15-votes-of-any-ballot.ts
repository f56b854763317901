import type { Mutant } from "../mutant.ts";

export const votesOfAnyBallot: readonly Mutant[] = [
  {
    id: "15",
    what: "A watermark passes over votes of any ballot, so that nodes are counted that hold a value of some ballot.",
    patches: [
      {
        file: "packages/paxos/src/acceptor.ts",
        anchor: "vote.ballot === this.voteBallot && !this.isFaulty(next)",
        replacement: "vote.ballot > 0 && !this.isFaulty(next)",
      },
    ],
    expects: ["C2", "C1"],
    revealedBy: "contention",
  },
];
