import type { Mutant } from "../mutant.ts";
import { MEMBERS } from "../revealing.ts";

export const quorumTooSmall: readonly Mutant[] = [
  {
    id: "14a",
    what: "A quorum is half of the voters, rounded down.",
    patches: [
      {
        file: "packages/paxos/src/quorum/majority.ts",
        anchor: "votesIn(votes) * 2 > voters",
        replacement: "votesIn(votes) >= Math.floor(voters / 2)",
      },
    ],
    expects: ["B4", "C1"],
    revealedBy: "contention",
  },
  {
    id: "14b",
    what: "A quorum is half of the voters, rounded up: too few of an even number.",
    patches: [
      {
        file: "packages/paxos/src/quorum/majority.ts",
        anchor: "votesIn(votes) * 2 > voters",
        replacement: "votesIn(votes) * 2 >= voters",
      },
    ],
    expects: ["B4", "C1"],
    revealedBy: "contention",
  },
  {
    id: "14c",
    what: "How many make a quorum is fixed by the first set of members.",
    patches: [
      {
        file: "packages/paxos/src/learner.ts",
        anchor: "    this.quorums.push(quorumOf(governing.members));",
        replacement: `    const { prepare, accept } = this.quorums[0]!;
    this.quorums.push({ ...quorumOf(governing.members), prepare, accept });`,
      },
    ],
    expects: ["G2", "B4", "C1"],
    revealedBy: MEMBERS,
  },
];
