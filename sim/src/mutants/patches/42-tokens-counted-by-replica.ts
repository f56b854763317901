import type { Mutant } from "../mutant.ts";

export const tokensCountedByReplica: readonly Mutant[] = [
  {
    id: "42",
    what: "Fencing tokens are counted by each replica, anew from the start of its process.",
    standsFor:
      "for a counter of the leader: here every replica makes the token when it applies the grant, and none of them knows who leads",
    patches: [
      {
        file: "packages/lock/src/machine/claim-table.ts",
        anchor: "  readonly endings: Endings = new Endings();",
        replacement: "  readonly endings: Endings = new Endings();\n  granted = 0;",
      },
      {
        file: "packages/lock/src/machine/machine.ts",
        anchor: "token: free ? at.revision : 0,",
        replacement: "token: free ? ++table.granted : 0,",
      },
      {
        file: "packages/lock/src/machine/grant.ts",
        anchor: "token: at.revision,",
        replacement: "token: ++table.granted,",
      },
    ],
    expects: ["I2", "D5", "D3"],
    revealedBy: "contention",
  },
];
