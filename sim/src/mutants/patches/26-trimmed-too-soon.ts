import type { Mutant } from "../mutant.ts";
import { RESTARTS } from "../revealing.ts";

export const trimmedTooSoon: readonly Mutant[] = [
  {
    id: "26a",
    what: "The log is trimmed when a snapshot is begun, not when it is durable.",
    patches: [
      {
        file: "packages/log/src/snapshot/checkpoint.ts",
        anchor: "  stores.snapshots.write(head, image, (error) => {\n    if (error === null) stores.log.trim(",
        replacement:
          "  stores.log.trim(head.slot, head.governing);\n  stores.snapshots.write(head, image, (error) => {\n    if (error === null) stores.log.trim(",
      },
    ],
    expects: ["E2", "M4"],
    revealedBy: "contention",
  },
  {
    id: "26b",
    what: "A snapshot is written under its own name, so that a power loss leaves a part of one that is taken for the newest.",
    patches: [
      {
        file: "packages/log/src/snapshot/snapshot-file.ts",
        anchor: "const unfinished = path + UNFINISHED_SNAPSHOT;",
        replacement: "const unfinished = path;",
      },
    ],
    expects: ["M4", "X2"],
    revealedBy: RESTARTS,
  },
];
