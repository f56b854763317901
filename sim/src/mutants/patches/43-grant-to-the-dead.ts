import type { Mutant } from "../mutant.ts";

export const grantToTheDead: readonly Mutant[] = [
  {
    id: "43",
    what: "A waiting claim outlives its session, and a lock is granted to it without asking whether its session lives.",
    patches: [
      {
        file: "packages/lock/src/machine/grant.ts",
        anchor: "if (!neighbours.sessionLives(claim.session)) {",
        replacement: "if (claim.session < 0 && !neighbours.sessionLives(claim.session)) {",
      },
      {
        file: "packages/lock/src/machine/machine.ts",
        anchor:
          "      else this.take(claim, touched);\n    }\n    grantWhatCan(this.table, touched, this.neighbours, at);\n  }\n\n  query(",
        replacement: "    }\n    grantWhatCan(this.table, touched, this.neighbours, at);\n  }\n\n  query(",
      },
    ],
    expects: ["I3", "I5"],
    revealedBy: "contention",
  },
];
