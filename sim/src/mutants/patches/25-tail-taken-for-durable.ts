import type { Mutant } from "../mutant.ts";

export const tailTakenForDurable: readonly Mutant[] = [
  {
    id: "25a",
    what: "When a sync ends, everything appended by then is called durable, not what was in it when it began.",
    patches: [
      {
        file: "packages/log/src/wal/group-commit.ts",
        anchor: "      this.#start();\n      for (const waiting of records) waiting.durable?.(unit);",
        replacement:
          "      const tail = [...records, ...this.#waiting];\n      this.#start();\n      for (const waiting of tail) waiting.durable?.(unit);",
      },
    ],
    expects: ["A2"],
    revealedBy: "contention",
  },
  {
    id: "25b",
    what: "The answer to a heartbeat reports what is accepted in memory.",
    patches: [
      {
        file: "packages/paxos/src/follower.ts",
        anchor: "acceptedTo: durable.voteBallot === message.ballot ? durable.acceptedTo : message.startSlot - 1,",
        replacement: "acceptedTo: core.acceptor.acceptedTo,",
      },
    ],
    expects: ["A2"],
    revealedBy: "contention",
  },
];
