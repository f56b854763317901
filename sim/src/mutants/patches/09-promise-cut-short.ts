import type { Mutant } from "../mutant.ts";

export const promiseCutShort: readonly Mutant[] = [
  {
    id: "9a",
    what: "A promise that does not fit one message ends with its first page and does not say so.",
    patches: [
      {
        file: "packages/paxos/src/acceptor.ts",
        anchor: "        slotTo = slot - 1;\n        break;",
        replacement: "        break;",
      },
    ],
    expects: ["A5", "B3", "C1"],
    revealedBy: "contention",
  },
  {
    id: "9b",
    what: "A promise leaves out what its node knows chosen, and does not say that it does.",
    patches: [
      {
        file: "packages/paxos/src/acceptor.ts",
        anchor: "      slotTo,\n      chosenTo,",
        replacement: "      slotTo,\n      chosenTo: Math.min(chosenTo, slotFrom - 1),",
      },
    ],
    expects: ["A5", "B3", "C1"],
    revealedBy: "contention",
  },
];
