import type { Mutant } from "../mutant.ts";

export const noPatience: readonly Mutant[] = [
  {
    id: "20a",
    what: "Elections are not spread: every node waits for the same time.",
    patches: [
      {
        file: "packages/paxos/src/election.ts",
        anchor: "return (((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32) * belowMs;",
        replacement: "return hash === 0 ? 0 : belowMs / 2;",
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
