import type { Mutant } from "../mutant.ts";

export const sessionsNotInSnapshot: readonly Mutant[] = [
  {
    id: "31",
    what: "A snapshot leaves out the sessions and what they settled.",
    patches: [
      {
        file: "packages/machine/src/composite-image.ts",
        anchor: "const sessions = table.freeze();",
        replacement: "const sessions = table.freeze().slice(0, 0);",
      },
    ],
    expects: ["D3", "E1", "F1"],
    revealedBy: "contention",
  },
];
