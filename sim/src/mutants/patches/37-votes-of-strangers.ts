import type { Mutant } from "../mutant.ts";
import { MEMBERS } from "../revealing.ts";

export const votesOfStrangers: readonly Mutant[] = [
  {
    id: "37a",
    what: "Votes of members without a vote are counted.",
    patches: [
      {
        file: "packages/paxos/src/quorum/quorum.ts",
        anchor: "  const { voters, quorum: rule } = members;",
        replacement: "  const { quorum: rule } = members;\n  const voters = [...members.voters, ...members.nonVoters];",
      },
      {
        file: "packages/paxos/src/quorum/quorum.ts",
        anchor: "majority(voters.length)",
        replacement: "majority(members.voters.length)",
      },
    ],
    expects: ["G4", "B4"],
    revealedBy: MEMBERS,
  },
  {
    id: "37b",
    what: "Votes of a node that was removed are counted.",
    patches: [
      {
        file: "packages/paxos/src/learner.ts",
        anchor: "    this.quorums.push(quorumOf(governing.members));",
        replacement: `    const fresh = quorumOf(governing.members);
    const gone = this.quorums[this.quorums.length - 1]!.voters.filter(({ node }) => !fresh.voters.some((voter) => voter.node === node));
    const all = quorumOf({ ...governing.members, voters: [...fresh.voters, ...gone] });
    this.quorums.push({ ...all, prepare: fresh.prepare, accept: fresh.accept });`,
      },
    ],
    expects: ["G4", "B4"],
    revealedBy: MEMBERS,
  },
];
