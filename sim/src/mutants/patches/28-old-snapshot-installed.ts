import type { Mutant } from "../mutant.ts";

export const oldSnapshotInstalled: readonly Mutant[] = [
  {
    id: "28",
    what: "A snapshot that arrives replaces the state also where that is newer.",
    patches: [
      {
        file: "packages/log/src/snapshot/install.ts",
        anchor: "if (slot <= appliedTo || slot <= stored) return;",
        replacement: "if (slot <= stored) return;",
      },
      {
        file: "packages/log/src/replica/replica.ts",
        anchor: "if (head.slot <= this.#applier.appliedTo || this.#failure",
        replacement: "if (this.#failure",
      },
      {
        file: "packages/log/src/replica/replica.ts",
        anchor: "else if (read.slot > this.#applier.appliedTo) this.#install(read, image);",
        replacement: "else this.#install(read, image);",
      },
      {
        file: "packages/log/src/replica/applier.ts",
        anchor:
          "    if (slot <= this.#appliedTo) throw new Error(`a snapshot of slot ${slot} would take back slot ${this.#appliedTo}`);\n",
        replacement: "",
      },
    ],
    expects: ["D1", "D4"],
    revealedBy: "contention",
  },
];
