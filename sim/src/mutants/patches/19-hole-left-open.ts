import type { Mutant } from "../mutant.ts";

export const holeLeftOpen: readonly Mutant[] = [
  {
    id: "19",
    what: "A new leader leaves a slot open for which no promise reported a vote, and waits for ever.",
    patches: [
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: 'if (reported === null) this.proposeAt("noop", NO_BYTES);',
        replacement: "if (reported === null) return;",
      },
    ],
    expects: ["K1"],
    revealedBy: "contention",
  },
];
