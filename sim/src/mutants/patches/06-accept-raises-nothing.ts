import { FOLLOWED, VOTED } from "../assertions.ts";
import type { Mutant } from "../mutant.ts";

export const acceptRaisesNothing: readonly Mutant[] = [
  {
    id: "6",
    what: "Accepting in a ballot does not raise the promised one.",
    patches: [
      FOLLOWED,
      VOTED,
      {
        file: "packages/paxos/src/follower.ts",
        anchor: "if (!acceptor.mute) {\n        this.promise(ballot);",
        replacement: "if (!acceptor.mute) {",
      },
    ],
    expects: ["A3", "A5", "C1"],
    revealedBy: "contention",
  },
];
