import type { Mutant } from "../mutant.ts";
import { MEMBERS } from "../revealing.ts";

const wish = "packages/paxos/src/member-wish.ts";
const file = "packages/paxos/src/leadership.ts";

export const changeTooSoon: readonly Mutant[] = [
  {
    id: "36a",
    what: "A second change of members is proposed while the first is not chosen.",
    patches: [
      {
        file: wish,
        anchor: '    if (this.target !== null) return { why: "another change of members is on its way" };\n',
        replacement: "",
      },
      {
        file,
        anchor: "if (!this.open || this.accepts!.changeSlot !== 0 || !core.isVoter) return;",
        replacement: "if (!this.open || !core.isVoter) return;",
      },
      {
        file,
        anchor:
          "if (members === null || core.learner.chosenTo !== this.accepts!.nextSlot - 1 || !this.mayProposeNew()) return;",
        replacement: "if (members === null || !wish.fresh) return;\n    wish.fresh = false;",
      },
      {
        file: wish,
        anchor: "    this.target = target;\n    this.waits = false;",
        replacement: "    this.target = target;\n    this.fresh = true;\n    this.waits = false;",
      },
      {
        file: wish,
        anchor: "  target: Members | null = null;",
        replacement: "  target: Members | null = null;\n  fresh = true;",
      },
    ],
    expects: ["G3", "G2"],
    revealedBy: MEMBERS,
  },
  {
    id: "36b",
    what: "A leader changes the members before anything is chosen in its own ballot.",
    patches: [
      {
        file,
        anchor: "const refusal = this.wish.take(target, this.open);",
        replacement: "const refusal = this.wish.take(target, this.accepts !== null);",
      },
      {
        file,
        anchor: "if (!this.open || this.accepts!.changeSlot !== 0 || !core.isVoter) return;",
        replacement: "if (this.accepts!.changeSlot !== 0 || !core.isVoter) return;",
      },
      {
        file,
        anchor: "core.learner.chosenTo !== this.accepts!.nextSlot - 1 || !this.mayProposeNew()",
        replacement: "!this.mayProposeNew()",
      },
    ],
    expects: ["G3", "G2"],
    revealedBy: MEMBERS,
  },
];
