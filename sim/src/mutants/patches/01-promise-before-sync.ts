import type { Mutant } from "../mutant.ts";

export const promiseBeforeSync: readonly Mutant[] = [
  {
    id: "1",
    what: "A promise leaves before its record is on disk.",
    patches: [
      {
        file: "packages/paxos/src/follower.ts",
        anchor: "core.sendWhenDurable([peer.node], acceptor.promise(",
        replacement: "core.send([peer.node], acceptor.promise(",
      },
    ],
    expects: ["A2", "C1"],
    revealedBy: "contention",
  },
];
