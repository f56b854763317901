import type { Mutant } from "../mutant.ts";

export const acceptedBeforeSync: readonly Mutant[] = [
  {
    id: "2",
    what: "`accepted` is made from what is in memory, not from what is on disk.",
    patches: [
      {
        file: "packages/paxos/src/follower.ts",
        anchor: "const { durable } = core.durability;\n    const { promised, voteBallot, mute }",
        replacement: "const durable = core.mark(0);\n    const { promised, voteBallot, mute }",
      },
    ],
    expects: ["A2", "C1", "C3", "J2"],
    revealedBy: "contention",
  },
];
