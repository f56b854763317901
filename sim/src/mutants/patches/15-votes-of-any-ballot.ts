import type { Mutant } from "../mutant.ts";

const file = "packages/paxos/src/follower.ts";

export const votesOfAnyBallot: readonly Mutant[] = [
  {
    id: "15",
    what: "A follower calls accepted whatever it holds a vote for, of any ballot, so that holding some value of a slot counts for the leader's.",
    patches: [
      {
        file,
        anchor: "      acceptedTo: durable.acceptedTo,\n",
        replacement: "      acceptedTo: this.heldTo(durable.acceptedTo),\n",
      },
      {
        file,
        anchor: "  private promise(ballot: Ballot): boolean {",
        replacement: `  private heldTo(slot: number): number {
    let heldTo = slot;
    while (this.core.votes.get(heldTo + 1) !== null) heldTo++;
    return heldTo;
  }

  private promise(ballot: Ballot): boolean {`,
      },
    ],
    expects: ["A2", "B4", "C2", "C1"],
    revealedBy: "contention",
  },
];
