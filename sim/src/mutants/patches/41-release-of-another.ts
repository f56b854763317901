import type { Mutant } from "../mutant.ts";

export const releaseOfAnother: readonly Mutant[] = [
  {
    id: "41",
    what: "A release looks for the number of its claim in all sessions, whatever the token: it frees the lock of another holder.",
    standsFor:
      "for an unlock that names only the lock: here a release names a claim, and claims are numbered by each client for itself",
    patches: [
      {
        file: "packages/lock/src/machine/machine.ts",
        anchor: '      case "release": {\n        const claim = this.heldBy(at.session, command.claim, command.token);',
        replacement: `      case "release": {
        const claim = [...this.table.claims.values()].find((one) => one.id === command.claim && isHeld(one)) ?? null;`,
      },
    ],
    expects: ["I1"],
    revealedBy: "contention",
  },
];
