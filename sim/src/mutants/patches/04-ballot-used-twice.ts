import type { Mutant } from "../mutant.ts";

export const ballotUsedTwice: readonly Mutant[] = [
  {
    id: "4a",
    what: "A proposer campaigns in the ballot that it promised last, if that is its own, instead of in a higher one.",
    patches: [
      {
        file: "packages/paxos/src/ballot.ts",
        anchor: "  const sameRound = ballotOf(roundOf(above), node);",
        replacement: "  if (nodeOf(above) === node) return above;\n  const sameRound = ballotOf(roundOf(above), node);",
      },
      {
        file: "packages/paxos/src/create-engine.ts",
        anchor: "!core.isVoter || ballot <= core.acceptor.promised) return;",
        replacement: "!core.isVoter || ballot < core.acceptor.promised) return;",
      },
      {
        file: "packages/paxos/src/election.ts",
        anchor: "ballot <= core.acceptor.promised) return false;",
        replacement: "ballot < core.acceptor.promised) return false;",
      },
    ],
    expects: ["B1", "B2", "A4", "C1"],
    revealedBy: "contention",
  },
  {
    id: "4b",
    what: "An acceptor compares the rounds of ballots and not their nodes, so that two ballots of one round are both promised.",
    patches: [
      {
        file: "packages/paxos/src/acceptor.ts",
        anchor: "if (ballot <= this.promised) return false;",
        replacement: "if (ballot === this.promised || ballot < this.promised - (this.promised % 1024)) return false;",
      },
      {
        file: "packages/paxos/src/follower.ts",
        anchor: 'if (ballot < acceptor.promised)\n      return core.send([peer.node], { kind: "reject"',
        replacement:
          'if (ballot < acceptor.promised - (acceptor.promised % 1024))\n      return core.send([peer.node], { kind: "reject"',
      },
      {
        file: "packages/paxos/src/follower.ts",
        anchor: "else if (ballot < acceptor.promised)",
        replacement: "else if (ballot < acceptor.promised - (acceptor.promised % 1024))",
      },
    ],
    expects: ["A1", "A3", "C1"],
    revealedBy: "contention",
  },
];
