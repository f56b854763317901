import type { Mutant } from "../mutant.ts";
import { RESTARTS } from "../revealing.ts";

export const chosenMoves: readonly Mutant[] = [
  {
    id: "18a",
    what: "What is known chosen is set to what a heartbeat says, also when that is less.",
    patches: [
      {
        file: "packages/paxos/src/follower.ts",
        anchor:
          "    this.acknowledged(peer.node, message.ballot, message.ackFrom, message.ackTo);\n    if (message.chosenTo >",
        replacement: `    if (message.chosenTo < core.learner.chosenTo) core.learner.chosenTo = message.chosenTo;
    this.acknowledged(peer.node, message.ballot, message.ackFrom, message.ackTo);\n    if (message.chosenTo >`,
      },
    ],
    expects: ["D4"],
    revealedBy: "contention",
  },
  {
    id: "18b",
    what: "After a restart every vote on the disk is taken as chosen.",
    patches: [
      {
        file: "packages/paxos/src/create-engine.ts",
        anchor: "while (this.core.learner.chosenTo < durable.chosenTo) {",
        replacement: "while (this.core.learner.chosenTo < this.core.votes.top) {",
      },
    ],
    expects: ["C2", "D4"],
    revealedBy: RESTARTS,
  },
];
