import type { Mutant } from "../mutant.ts";

export const ballotAdopted: readonly Mutant[] = [
  {
    id: "11",
    what: "A leader whose ballot is rejected goes on in a higher one without a prepare phase.",
    patches: [
      {
        file: "packages/paxos/src/create-engine.ts",
        anchor: '        return this.resign("a higher ballot was promised elsewhere", 0);',
        replacement: `        if (leadership.leads) return leadership.adopt(this.election.nextBallot());
        return this.resign("a higher ballot was promised elsewhere", 0);`,
      },
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: "  get leads(): boolean {",
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
    expects: ["B3", "B2", "C1"],
    revealedBy: "contention",
  },
];
