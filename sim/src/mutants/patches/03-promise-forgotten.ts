import type { Mutant } from "../mutant.ts";
import { RESTARTS } from "../revealing.ts";

export const promiseForgotten: readonly Mutant[] = [
  {
    id: "3",
    what: "After a restart the promised ballot is that of the last vote.",
    patches: [
      {
        file: "packages/paxos/src/acceptor.ts",
        anchor: "this.promised = Math.max(durable.promised, ",
        replacement: "this.promised = Math.max(0, ...durable.accepted.map(({ ballot }) => ballot), ",
      },
    ],
    expects: ["A1", "A3", "C1"],
    revealedBy: RESTARTS,
  },
];
