import type { Mutant } from "../mutant.ts";

export const sessionRevived: readonly Mutant[] = [
  {
    id: "44",
    what: "A renewal of a session that is over revives it.",
    patches: [
      {
        file: "packages/machine/src/compose.ts",
        anchor: "    const session = table.own(request.session);\n",
        replacement: `    let session = table.own(request.session);
    if (session === undefined && machine === SESSION_MACHINE && request.session <= this.revision) {
      session = table.add(request.session, -request.session, 3000, this.logTimeMs, this.logTimeMs);
    }
`,
      },
      {
        file: "packages/machine/src/session/table.ts",
        anchor: "    return [...this.sessions.values()];",
        replacement: "    return [...this.sessions.values()].sort((one, other) => one.id - other.id);",
      },
    ],
    expects: ["F3", "I3"],
    revealedBy: "contention",
  },
];
