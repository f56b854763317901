import type { Mutant } from "../mutant.ts";

const file = "packages/paxos/src/acceptor.ts";
const anchor = "  installed(slot: number): void {\n    this.votes.dropTo(slot);";

export const installForgets: readonly Mutant[] = [
  {
    id: "29a",
    what: "Installing a snapshot resets the promised ballot.",
    patches: [
      {
        file,
        anchor,
        replacement: "  installed(slot: number): void {\n    this.promised = 0;\n    this.votes.dropTo(slot);",
      },
    ],
    expects: ["A1", "A3", "E4"],
    revealedBy: "contention",
  },
  {
    id: "29b",
    what: "Installing a snapshot drops the votes above it.",
    patches: [
      {
        file,
        anchor,
        replacement:
          "  installed(slot: number): void {\n    this.votes.clearFrom(slot + 1);\n    this.votes.dropTo(slot);",
      },
      {
        file: "packages/paxos/src/slot-window.ts",
        anchor: "  /** Forgets everything up to `slot`. */",
        replacement: `  clearFrom(slot: number): void {
    for (let gone = Math.max(slot, this.first); gone <= this.top; gone++) this.ring[gone & this.mask] = null;
    if (this.top >= slot) this.top = Math.max(slot, this.first) - 1;
  }

  /** Forgets everything up to \`slot\`. */`,
      },
    ],
    expects: ["A5", "E4", "C3"],
    revealedBy: "contention",
  },
];
