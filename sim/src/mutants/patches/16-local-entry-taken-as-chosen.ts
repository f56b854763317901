import type { Mutant } from "../mutant.ts";

export const localEntryTakenAsChosen: readonly Mutant[] = [
  {
    id: "16",
    what: "A follower takes what it holds as chosen when it is acknowledged, whatever ballot it was accepted in.",
    patches: [
      {
        file: "packages/paxos/src/follower.ts",
        anchor: "vote === null || vote.ballot < ballot ||",
        replacement: "vote === null ||",
      },
    ],
    expects: ["C2", "D2", "D3"],
    revealedBy: "contention",
  },
];
