import type { Patch } from "./plant.ts";

/** Assertions of the engine that are taken out with a bug, since they would stop it before an invariant does. */
export const FOLLOWED: Patch = {
  file: "packages/paxos/src/acceptor.ts",
  anchor: '    must(ballot === this.promised, "accepts are followed only in the promised ballot");\n',
  replacement: "",
};

export const VOTED: Patch = {
  file: "packages/paxos/src/acceptor.ts",
  anchor:
    '    must(entry.ballot === this.voteBallot && entry.ballot === this.promised, "a vote is cast in the promised ballot");\n',
  replacement: "",
};
