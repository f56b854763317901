import type { Mutant } from "../mutant.ts";

export const noPatience: readonly Mutant[] = [
  {
    id: "20a",
    what: "A node whose ballot was outbid bids higher at once, without a pause and without asking anybody.",
    standsFor:
      "for elections that are not spread: here candidates canvass first and ballots are ordered, so that of those that wake together the highest leads",
    patches: [
      {
        file: "packages/paxos/src/election.ts",
        anchor: "    this.nextMs = this.core.nowMs + this.patienceMs / 4 + this.draw(this.patienceMs);\n",
        replacement: "    this.nextMs = this.core.nowMs;\n",
      },
      {
        file: "packages/paxos/src/election.ts",
        anchor: "    this.canvassed = ballot;\n",
        replacement:
          "    if (this.gone && this.leader === 0) return this.owner.campaign(ballot);\n    this.canvassed = ballot;\n",
      },
    ],
    expects: ["K1", "K2"],
    revealedBy: "contention",
  },
  {
    id: "20b",
    what: "A node that hears no leader campaigns at once, without asking whether others hear one.",
    patches: [
      {
        file: "packages/paxos/src/election.ts",
        anchor: "    this.canvassed = ballot;\n",
        replacement: "    if (ballot > 0) return this.owner.campaign(ballot);\n    this.canvassed = ballot;\n",
      },
    ],
    expects: ["K2"],
    revealedBy: "contention",
  },
];
