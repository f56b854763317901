import type { Mutant } from "../mutant.ts";

const file = "packages/log/src/replica/replica.ts";
const anchor = "const head: SnapshotHead = { group, slot: appliedTo, governing,";

export const snapshotOffByOne: readonly Mutant[] = [
  {
    id: "27a",
    what: "A snapshot says one slot less than it covers: the next entry is applied twice.",
    patches: [{ file, anchor, replacement: "const head: SnapshotHead = { group, slot: appliedTo - 1, governing," }],
    expects: ["D1", "D3", "E1"],
    revealedBy: "contention",
  },
  {
    id: "27b",
    what: "A snapshot says one slot more than it covers: an entry is skipped.",
    patches: [{ file, anchor, replacement: "const head: SnapshotHead = { group, slot: appliedTo + 1, governing," }],
    expects: ["D1", "D3", "E1", "E2"],
    revealedBy: "contention",
  },
];
