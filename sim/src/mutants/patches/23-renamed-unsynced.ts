import type { Mutant } from "../mutant.ts";
import { RESTARTS } from "../revealing.ts";

export const renamedUnsynced: readonly Mutant[] = [
  {
    id: "23a",
    what: "A segment is made under its own name: a power loss on the way leaves half of one.",
    standsFor:
      "for a roll without syncing the new segment: the disk's interface makes files whole and synced, so a roll cannot forget it",
    patches: [
      {
        file: "packages/log/src/wal/segment.ts",
        anchor: "  disk.create(\n    path + UNFINISHED,",
        replacement: "  disk.create(\n    path,",
      },
      {
        file: "packages/log/src/wal/segment.ts",
        anchor: "disk.rename(path + UNFINISHED, path, ",
        replacement: "disk.rename(path, path, ",
      },
      {
        file: "packages/log/src/wal/segment.ts",
        anchor: "const unfinished = segmentPath(number) + UNFINISHED;",
        replacement: "const unfinished = segmentPath(number);",
      },
    ],
    expects: ["M1", "M4", "X2"],
    revealedBy: RESTARTS,
  },
  {
    id: "23b",
    what: "A snapshot is renamed before it is synced.",
    patches: [
      {
        file: "packages/log/src/snapshot/snapshot-file.ts",
        anchor: "    file.sync((syncError) => {",
        replacement: "    ((next: (error: QuorateError | null) => void) => next(null))((syncError) => {",
      },
    ],
    expects: ["E2", "M4"],
    revealedBy: "contention",
  },
];
