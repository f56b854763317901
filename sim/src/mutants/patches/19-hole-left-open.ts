import type { Mutant } from "../mutant.ts";

export const holeLeftOpen: readonly Mutant[] = [
  {
    id: "19",
    what: "A new leader leaves a slot open for which no promise reported a vote, and waits for ever.",
    standsFor:
      "for a hole below a slot that was reported: votes of a ballot have no gaps here, so that what nobody reported is the slot above all reports, which a later leader opens with",
    patches: [
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: 'if (reported === null) this.proposeAt("noop", NO_BYTES);',
        replacement: "if (reported === null) return;",
      },
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: "if (accepts.openSlot === 0 && accepts.nextSlot > prepare.top && this.mayPropose()) {",
        replacement:
          "if (accepts.openSlot === 0 && accepts.nextSlot > prepare.top && accepts.startSlot === 1 && this.mayPropose()) {",
      },
    ],
    expects: ["K1"],
    revealedBy: "contention",
  },
];
