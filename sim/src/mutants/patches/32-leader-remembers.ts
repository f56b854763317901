import type { Mutant } from "../mutant.ts";

export const leaderRemembers: readonly Mutant[] = [
  {
    id: "32",
    what: "Only the leader, in memory, knows which requests it was sent before: a copy in the log is applied again.",
    patches: [
      {
        file: "packages/machine/src/compose.ts",
        anchor: "    if (first !== undefined) return first;\n",
        replacement: "",
      },
      {
        file: "packages/machine/src/session/requests.ts",
        anchor: "if (number <= this.releasedTo || this.settlements.has(number))",
        replacement: "if (number < 0)",
      },
    ],
    expects: ["F1", "J1"],
    revealedBy: "contention",
  },
];
