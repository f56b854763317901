import type { Mutant } from "../mutant.ts";
import { MEMBERS } from "../revealing.ts";

const file = "packages/paxos/src/leadership.ts";

export const setInForceTooSoon: readonly Mutant[] = [
  {
    id: "35a",
    what: "At its leader a set of members is in force when it is proposed, at all others when it is chosen.",
    patches: [
      {
        file,
        anchor: '    this.proposeAt("members", encodeMembers(members));',
        replacement: `    this.proposeAt("members", encodeMembers(members));
    core.learner.take({ members, slot: this.accepts!.nextSlot - 1, floor: this.ballot });`,
      },
    ],
    expects: ["G1", "G2", "C1"],
    revealedBy: MEMBERS,
  },
  {
    id: "35b",
    what: "Batches are proposed above a change that is not chosen.",
    patches: [
      {
        file,
        anchor: "if (accepts.changeSlot !== 0 || !this.hasLearned()) return false;",
        replacement: "if (!this.hasLearned()) return false;",
      },
      {
        file,
        anchor: "      accepts.changeSlot !== 0 ||\n      this.wish.waits ||",
        replacement: "      this.wish.waits ||",
      },
    ],
    expects: ["G2", "G3"],
    revealedBy: MEMBERS,
  },
  {
    id: "35c",
    what: "A leader goes on above a change without promises of the new set.",
    patches: [
      { file, anchor: "    this.speaks = false;\n    this.askMissing();", replacement: "    this.askMissing();" },
    ],
    expects: ["B3", "G2", "C1"],
    revealedBy: MEMBERS,
  },
];
