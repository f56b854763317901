import type { Mutant } from "../mutant.ts";
import { RESTARTS, TRANSFERS } from "../revealing.ts";

const rounds = "packages/paxos/src/heartbeat-rounds.ts";
const engine = "packages/paxos/src/create-engine.ts";

export const leaseTooLong: readonly Mutant[] = [
  {
    id: "40a",
    what: "A lease is counted from the receipt of the answer, not from the sending of the heartbeat.",
    patches: [
      {
        file: rounds,
        anchor: "const sentMs = this.sentMs.get(message.round);",
        replacement: "const sentMs = this.sentMs.has(message.round) ? this.core.nowMs : undefined;",
      },
    ],
    expects: ["H5", "H1", "H2"],
    revealedBy: "contention",
  },
  {
    id: "40b",
    what: "A lease is used for all of its length, whatever clocks do.",
    patches: [
      {
        file: "packages/paxos/src/lease.ts",
        anchor: "return (leaseMs * (1 - drift)) / (1 + drift) - STOOD_STILL_MS_MAX;",
        replacement: "return leaseMs + drift * 0;",
      },
    ],
    expects: ["H5", "H1", "H2"],
    revealedBy: "contention",
  },
  {
    id: "40c",
    what: "A node forgets in a restart what it granted.",
    patches: [
      {
        file: "packages/paxos/src/lease.ts",
        anchor: "this.untilMs = longestMs > 0 ? startedMs + longestMs : -Infinity;",
        replacement: "this.untilMs = -Infinity;",
      },
      {
        file: engine,
        anchor: "      if (this.boundMs > 0) core.grants.untilMs = nowMs + this.boundMs;\n",
        replacement: "",
      },
    ],
    expects: ["H4", "H1", "H2"],
    revealedBy: RESTARTS,
  },
  {
    id: "40d",
    what: "A lease is looked at by the clock of the turn before, and not again when the reply leaves.",
    patches: [
      {
        file: "packages/log/src/replica/replica.ts",
        anchor: "    this.#engine.tick(nowMs);\n",
        replacement: "    this.#reads.ask(this.#engine, nowMs);\n    this.#engine.tick(nowMs);\n",
      },
      {
        file: "packages/log/src/replica/reads.ts",
        anchor: "} else if (round.validUntilMs === Infinity || this.#room.leaseStands(round.validUntilMs)) {",
        replacement: "} else if (round.validUntilMs > 0) {",
      },
    ],
    expects: ["H7", "H3", "H2"],
    revealedBy: "contention",
  },
  {
    id: "40e",
    what: "A leader that has handed over goes on answering from its lease until that ends.",
    standsFor:
      "for a lease that is kept in a transfer: here the lead is over before the resignation releases the grants, so nobody is left who could use it",
    patches: [
      {
        file: engine,
        anchor: "    this.leadership = null;\n    core.campaigned = 0;",
        replacement: `    this.leaseLeftMs = why === "handed over" ? leadership.leaseLeftMs() : -Infinity;
    this.leadership = null;
    core.campaigned = 0;`,
      },
      {
        file: engine,
        anchor: "  private started = false;",
        replacement: "  private started = false;\n  private leaseLeftMs = -Infinity;",
      },
      {
        file: engine,
        anchor: "else if (leadership?.open) leadership.read(token, 0, core.config.life, lease);",
        replacement: `else if (lease && core.nowMs < this.leaseLeftMs) core.reads.answer(token, core.learner.chosenTo, this.leaseLeftMs);
    else if (leadership?.open) leadership.read(token, 0, core.config.life, lease);`,
      },
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: "  suspended(): void {",
        replacement: `  leaseLeftMs(): number {
    return this.open ? this.rounds.leaseUntilMs() : -Infinity;
  }

  suspended(): void {`,
      },
      { file: "packages/paxos/src/leadership.ts", anchor: "    this.rounds.giveUpLease();\n", replacement: "" },
    ],
    expects: ["H1", "H2"],
    revealedBy: TRANSFERS,
  },
];
