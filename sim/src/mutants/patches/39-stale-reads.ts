import type { Mutant } from "../mutant.ts";

const engine = "packages/paxos/src/create-engine.ts";

export const staleReads: readonly Mutant[] = [
  {
    id: "39a",
    what: "A leader answers reads without asking whether it still leads.",
    patches: [
      {
        file: engine,
        anchor: "else if (leadership?.open) leadership.read(token, 0, core.config.life, lease);",
        replacement: "else if (leadership?.open) core.reads.answer(token, core.learner.chosenTo, Infinity);",
      },
    ],
    expects: ["H6", "H2", "J1"],
    revealedBy: "contention",
  },
  {
    id: "39b",
    what: "A new leader takes the bound of reads before anything is chosen in its own ballot.",
    patches: [
      {
        file: engine,
        anchor: "else if (leadership?.open) leadership.read(token, 0, core.config.life, lease);",
        replacement: "else if (leadership?.leads) leadership.read(token, 0, core.config.life, lease);",
      },
      {
        file: engine,
        anchor: "if (leadership?.open && core.reads.count < core.config.limits.readsMax)",
        replacement: "if (leadership?.leads && core.reads.count < core.config.limits.readsMax)",
      },
    ],
    expects: ["H3", "H2", "J1"],
    revealedBy: "contention",
  },
  {
    id: "39c",
    what: "A read is confirmed by a round that was under way when it came.",
    patches: [
      {
        file: "packages/paxos/src/heartbeat-rounds.ts",
        anchor: "const confirmed = this.bestOf((peer) => peer.round, this.round);",
        replacement: "const confirmed = this.bestOf((peer) => peer.round + 1, this.round);",
      },
    ],
    expects: ["H6", "H2", "J1"],
    revealedBy: "contention",
  },
  {
    id: "39d",
    what: "A read is answered before its bound is applied.",
    patches: [
      {
        file: "packages/log/src/replica/reads.ts",
        anchor: "if (round.bound > appliedTo) {",
        replacement: "if (round.bound > appliedTo + 1_000_000) {",
      },
    ],
    expects: ["H7", "H2", "J1"],
    revealedBy: "contention",
  },
];
