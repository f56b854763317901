import type { Patch } from "@quorate/sim/mutants";

/** A defect that the explorer must find. Assertions that would stop it earlier are taken out with it. */
export interface Bug {
  readonly number: number;
  readonly what: string;
  readonly patches: readonly Patch[];
  /** The smallest scope that shows it. */
  readonly scope: readonly string[];
}

const FOLLOWED: Patch = {
  file: "packages/paxos/src/acceptor.ts",
  anchor: `    must(ballot === this.promised, "accepts are followed only in the promised ballot");\n`,
  replacement: "",
};

const VOTED: Patch = {
  file: "packages/paxos/src/acceptor.ts",
  anchor: `    must(entry.ballot === this.voteBallot && entry.ballot === this.promised, "a vote is cast in the promised ballot");\n`,
  replacement: "",
};

/** Numbers as in the list of planted bugs of the simulator. */
export const BUGS: readonly Bug[] = [
  {
    number: 5,
    what: "the guard of accept compares with the ballot last accepted, not with the promised one",
    patches: [
      FOLLOWED,
      VOTED,
      {
        file: "packages/paxos/src/follower.ts",
        anchor: `    else if (ballot < acceptor.promised)
      core.send([peer.node], { kind: "reject", ballot, promised: acceptor.promised });
    else if (core.grants`,
        replacement: `    else if (ballot < acceptor.voteBallot)
      core.send([peer.node], { kind: "reject", ballot, promised: acceptor.promised });
    else if (core.grants`,
      },
    ],
    scope: ["--ballots", "2", "--crashes", "0"],
  },
  {
    number: 6,
    what: "accept does not raise the promised ballot",
    patches: [
      FOLLOWED,
      VOTED,
      {
        file: "packages/paxos/src/follower.ts",
        anchor: `      if (!acceptor.mute) {
        this.promise(ballot);`,
        replacement: `      if (!acceptor.mute) {`,
      },
    ],
    scope: ["--ballots", "2", "--crashes", "0"],
  },
  {
    number: 7,
    what: "the value is taken from the promise that arrived first, not from the highest ballot",
    patches: [
      {
        file: "packages/paxos/src/prepare-phase.ts",
        anchor: "if (known === undefined || vote.ballot > known.ballot)",
        replacement: "if (known === undefined)",
      },
    ],
    scope: ["--ballots", "4", "--crashes", "0"],
  },
  {
    number: 11,
    what: "a higher ballot seen in a reject is led in without a prepare phase of its own",
    patches: [
      {
        file: "packages/paxos/src/create-engine.ts",
        anchor: `        return this.resign("a higher ballot was promised elsewhere", 0);`,
        replacement: `        if (leadership.leads) return leadership.adopt(this.election.nextBallot());
        return this.resign("a higher ballot was promised elsewhere", 0);`,
      },
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: `  get leads(): boolean {`,
        replacement: `  adopt(ballot: Ballot): void {
    const { core } = this;
    const old = this.accepts!;
    (this as { ballot: Ballot }).ballot = ballot;
    core.campaigned = ballot;
    core.acceptor.raise(ballot);
    this.accepts = new AcceptPhase(core, ballot, core.learner.chosenTo + 1);
    core.acceptor.follow(ballot, this.accepts.startSlot);
    this.accepts.openSlot = old.openSlot;
    for (let slot = this.accepts.startSlot; slot < old.nextSlot; slot++)
      this.put({ ...core.votes.get(slot)!, ballot });
  }

  get leads(): boolean {`,
      },
    ],
    scope: ["--ballots", "2", "--crashes", "0"],
  },
  {
    number: 12,
    what: "accepted is counted by messages, so that one voter's second one counts as another voter",
    patches: [
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: `    if (proposedTo > peer.acceptedTo) peer.acceptedTo = proposedTo;\n`,
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
    scope: ["--ballots", "1", "--crashes", "1"],
  },
];
