import type { Mutant } from "../mutant.ts";

export const acceptedOfAnotherBallot: readonly Mutant[] = [
  {
    id: "13",
    what: "`accepted` is counted by its slot alone: those of an older ballot of the same leader count too.",
    patches: [
      {
        file: "packages/paxos/src/create-engine.ts",
        anchor: 'case "accepted":\n        if (!leadership?.leads || leadership.ballot !== message.ballot)',
        replacement: 'case "accepted":\n        if (!leadership?.leads)',
      },
      {
        file: "packages/paxos/src/create-engine.ts",
        anchor: 'case "heartbeat-answer":\n        if (!leadership?.leads || leadership.ballot !== message.ballot)',
        replacement: 'case "heartbeat-answer":\n        if (!leadership?.leads)',
      },
      {
        file: "packages/paxos/src/peers.ts",
        anchor: "      peer.acceptedTo = acceptedTo;\n",
        replacement: "      peer.acceptedTo = Math.max(peer.acceptedTo, acceptedTo);\n",
      },
    ],
    expects: ["B4", "C2"],
    revealedBy: "contention",
  },
];
