import type { Mutant } from "../mutant.ts";
import { OTHER_DISKS } from "../revealing.ts";

export const wipedDiskVotes: readonly Mutant[] = [
  {
    id: "38",
    what: "A node whose disk was wiped takes its old identity from its id, comes back into the formed cluster, and votes.",
    patches: [
      {
        file: "packages/log/src/host/host.ts",
        anchor: 'const incarnation = randomBelow48(this.#options.seed, "incarnation");',
        replacement: "const incarnation = id;",
      },
      {
        file: "packages/log/src/host/forming.ts",
        anchor: "if (formed !== null) return { next: null, refused: this.#tooLate(formed) };",
        replacement:
          'if (formed !== null) return { next: { cluster, node, incarnation, state: "formed", members: formed.members }, refused: null };',
      },
      {
        file: "packages/paxos/src/peers.ts",
        anchor: "if (speaker.unitAtStart < peer.unit) {",
        replacement: "if (speaker.unit < 0) {",
      },
    ],
    expects: ["G5", "A1", "C3"],
    revealedBy: OTHER_DISKS,
  },
];
