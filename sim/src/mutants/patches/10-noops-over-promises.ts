import type { Mutant } from "../mutant.ts";

export const noopsOverPromises: readonly Mutant[] = [
  {
    id: "10",
    what: "A new leader proposes its own votes again, and fills with no-ops whatever it has none for, without asking the promises.",
    patches: [
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: "const reported = prepare.valueAt(slot);",
        replacement: "const reported = core.votes.get(slot);",
      },
    ],
    expects: ["B3", "C1"],
    revealedBy: "contention",
  },
];
