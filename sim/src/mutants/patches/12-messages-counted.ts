import type { Mutant } from "../mutant.ts";

export const messagesCounted: readonly Mutant[] = [
  {
    id: "12",
    what: "Messages are counted, not nodes: a second `accepted` of one voter counts as that of another.",
    patches: [
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: "    if (proposedTo > peer.acceptedTo) peer.acceptedTo = proposedTo;\n",
        replacement: `    if (proposedTo === peer.acceptedTo) {
      const { config, learner, peers } = this.core;
      const another = learner.quorum.voters
        .map((voter) => peers.of(voter.node, voter.incarnation))
        .find((one) => one.node !== config.self && one.acceptedTo < proposedTo);
      if (another !== undefined) another.acceptedTo = proposedTo;
    }
    if (proposedTo > peer.acceptedTo) peer.acceptedTo = proposedTo;\n`,
      },
    ],
    expects: ["B4", "C2"],
    revealedBy: "contention",
  },
];
