import type { Mutant } from "../mutant.ts";

export const notOfTheLog: readonly Mutant[] = [
  {
    id: "34a",
    what: "Log time is taken from the clock of the platform when a batch is applied.",
    patches: [
      {
        file: "packages/machine/src/compose.ts",
        anchor: "this.logTimeMs = nextLogTimeMs(this.logTimeMs, logTimeMs);",
        replacement: "this.logTimeMs = nextLogTimeMs(this.logTimeMs, logTimeMs * 0 + Date.now());",
      },
    ],
    expects: ["X1", "X3", "D3", "F3"],
    revealedBy: "contention",
  },
  {
    id: "34b",
    what: "A leader stamps batches with its wall clock.",
    patches: [
      {
        file: "packages/log/src/replica/replica.ts",
        anchor: "this.#batcher.propose(this.#propose, nowMs,",
        replacement: "this.#batcher.propose(this.#propose, this.#room.clock.wallMs(),",
      },
      {
        file: "packages/log/src/replica/replica.ts",
        anchor: "this.#batcher.opened(output.opening, this.#applier.composite.logTimeMs, nowMs);",
        replacement:
          "this.#batcher.opened(output.opening, this.#applier.composite.logTimeMs, this.#room.clock.wallMs());",
      },
    ],
    expects: ["O2", "F3", "I1", "I3"],
    revealedBy: ["wall-jump", "sleep"],
  },
  {
    id: "34c",
    what: "The order in which locks were restored from an image, newest first, decides who is next.",
    patches: [
      {
        file: "packages/lock/src/machine/machine.ts",
        anchor: "return lockImage({ claims: [...this.table.claims.values()],",
        replacement: "return lockImage({ claims: [...this.table.claims.values()].reverse(),",
      },
    ],
    expects: ["D3", "D5", "I4"],
    revealedBy: "contention",
  },
];
