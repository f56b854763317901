import type { Mutant } from "../mutant.ts";
import { SYNC_ERRORS } from "../revealing.ts";

export const syncErrorSwallowed: readonly Mutant[] = [
  {
    id: "24a",
    what: "A failed write or sync of the log is taken for one that succeeded.",
    patches: [
      {
        file: "packages/log/src/wal/group-commit.ts",
        anchor: "      if (error !== null) return this.#options.failed(error);\n",
        replacement: "",
      },
    ],
    expects: ["M3", "A2"],
    revealedBy: SYNC_ERRORS,
  },
  {
    id: "24b",
    what: "A failed sync of a snapshot is taken for a sync.",
    standsFor:
      "for a sync that is tried until it succeeds: a file of which one sync failed refuses every later one, so trying again cannot succeed",
    patches: [
      {
        file: "packages/log/src/snapshot/snapshot-file.ts",
        anchor: "const error = syncError ?? closeError;",
        replacement: "const error = syncError === null ? closeError : null;",
      },
    ],
    expects: ["M3", "E2", "M4"],
    revealedBy: SYNC_ERRORS,
  },
];
