import type { Mutant } from "../mutant.ts";

export const leaderAlone: readonly Mutant[] = [
  {
    id: "17",
    what: "A leader that no quorum answers takes what its own disk holds as chosen, and answers its clients.",
    standsFor:
      "for a deposed leader that replies once it appended: here a reply is made by applying, and only what is known chosen is applied",
    patches: [
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: "      if (\n        !core.learner.quorum.accept(",
        replacement: "      if (\n        this.rounds.connected() &&\n        !core.learner.quorum.accept(",
      },
    ],
    expects: ["C2", "J1"],
    revealedBy: "contention",
  },
];
