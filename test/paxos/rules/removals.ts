import { BUGS } from "../explore/bugs.ts";
import type { Patch } from "../plant.ts";

/** One rule taken out of the engine, and the test that must fail then. */
export interface Removal {
  /** Number of the rule in docs/protocol-paxos.md. */
  readonly rule: number;
  readonly without: string;
  readonly patches: readonly Patch[];
  /** Relative to `test/paxos`. */
  readonly test: string;
}

const SAFE = "explore/safe.test.ts";
const SCHEDULES = "schedules.test.ts";
const REGRESSIONS = "regressions.test.ts";
const LEASE = "lease.test.ts";
const SCENARIOS = "rules/scenarios.test.ts";
const PARTITIONS = "partial-partitions.test.ts";

function ofBug(number: number): readonly Patch[] {
  const bug = BUGS.find((one) => one.number === number);
  if (bug === undefined) throw new Error(`there is no bug ${number}`);
  return bug.patches;
}

/** Every removal, by rule. */
export const REMOVALS: readonly Removal[] = [
  {
    rule: 1,
    without: "a learned entry is stored with its origin instead of its teller's ballot",
    patches: [
      {
        file: "acceptor.ts",
        anchor: "    this.store(entry);\n  }\n\n  isFaulty",
        replacement: "    this.store({ ...entry, ballot: entry.origin });\n  }\n\n  isFaulty",
      },
    ],
    test: SCENARIOS,
  },
  { rule: 2, without: "accept is guarded by the ballot last accepted", patches: ofBug(5), test: SAFE },
  { rule: 2, without: "accept does not raise the promised ballot", patches: ofBug(6), test: SAFE },
  {
    rule: 2,
    without: "messages that speak for records leave before these are durable",
    patches: [
      {
        file: "core.ts",
        anchor: "if (to.length > 0) this.durability.whenDurable(to, message);",
        replacement: "this.send(to, message);",
      },
    ],
    test: SAFE,
  },
  {
    rule: 2,
    without: "accepted is made from what is in memory, not from what is durable",
    patches: [
      {
        file: "follower.ts",
        anchor: "    const { durable } = core.durability;\n    const { promised, voteBallot, mute } = core.acceptor;",
        replacement: "    const durable = core.mark(0);\n    const { promised, voteBallot, mute } = core.acceptor;",
      },
    ],
    test: SAFE,
  },
  {
    rule: 3,
    without: "a leader goes on in its ballot after it promised a higher one",
    patches: [
      {
        file: "create-engine.ts",
        anchor: `if (leadership !== null && leadership.ballot < core.acceptor.promised) this.resign("promised a higher ballot", 0);`,
        replacement: "",
      },
    ],
    test: SCHEDULES,
  },
  {
    rule: 4,
    without: "the watermark passes over votes of any ballot",
    patches: [
      {
        file: "acceptor.ts",
        anchor: "vote !== null && vote.ballot === this.voteBallot && !this.isFaulty(next)",
        replacement: "vote !== null && vote.ballot > 0 && !this.isFaulty(next)",
      },
    ],
    test: SCHEDULES,
  },
  {
    rule: 5,
    without: "a promise counts for a slot that its node cannot read",
    patches: [
      {
        file: "prepare-phase.ts",
        anchor: "promiser.pageFrom <= SLOT_MAX || promiser.faulty.has(slot) || slotIn(slot, promiser.faultyFrom)",
        replacement: "promiser.pageFrom <= SLOT_MAX",
      },
    ],
    test: SCHEDULES,
  },
  {
    rule: 6,
    without: "a leader starts at its own chosenTo + 1, whatever the promises say is chosen",
    patches: [
      {
        file: "leadership.ts",
        anchor: "if (core.learner.chosenTo >= prepare.chosenTo) return true;",
        replacement: "if (core.learner.chosenTo >= 0 || prepare.chosenTo >= 0) return true;",
      },
    ],
    test: SAFE,
  },
  {
    rule: 7,
    without: "a leader fills reported slots with no-ops",
    patches: [
      {
        file: "leadership.ts",
        anchor: "const reported = prepare.valueAt(slot);",
        replacement: "const reported = prepare.valueAt(-slot);",
      },
    ],
    test: SAFE,
  },
  { rule: 7, without: "the first vote reported is taken, not the highest", patches: ofBug(7), test: SCENARIOS },
  {
    rule: 8,
    without: "a leader is open before what it proposed again is chosen and applied",
    patches: [
      {
        file: "leadership.ts",
        anchor: "    if (learner.chosenTo < accepts.openSlot || learner.appliedTo < accepts.openSlot) return;\n",
        replacement: "    if (learner.chosenTo < 0) return;\n",
      },
    ],
    test: SCHEDULES,
  },
  {
    rule: 9,
    without: "every entry is called anchored",
    patches: [
      {
        file: "leadership.ts",
        anchor: "const anchored = this.core.learner.chosenTo === slot - 1;",
        replacement: "const anchored = true;",
      },
    ],
    test: SCHEDULES,
  },
  {
    rule: 10,
    without: "batches are proposed above a change that is not chosen",
    patches: [
      {
        file: "leadership.ts",
        anchor: "if (accepts.changeSlot !== 0 || !this.hasLearned()) return false;",
        replacement: "if (!this.hasLearned()) return false;",
      },
      {
        file: "leadership.ts",
        anchor: "      accepts.changeSlot !== 0 ||\n      this.wish.waits ||",
        replacement: "      this.wish.waits ||",
      },
    ],
    test: SCHEDULES,
  },
  {
    rule: 11,
    without: "a leader goes on above a change without promises of the new set",
    patches: [
      {
        file: "leadership.ts",
        anchor: "    this.speaks = false;\n    this.askMissing();",
        replacement: "    this.askMissing();",
      },
    ],
    test: REGRESSIONS,
  },
  {
    rule: 12,
    without: "who learns of a change does not promise its floor",
    patches: [
      {
        file: "create-engine.ts",
        anchor: "acceptor.raise(governing.floor)",
        replacement: "acceptor.raise(governing.floor * 0)",
      },
    ],
    test: SCHEDULES,
  },
  {
    rule: 14,
    without: "a disk that comes back with less than was heard of it is listened to",
    patches: [
      {
        file: "peers.ts",
        anchor: "if (speaker.unitAtStart < peer.unit) {",
        replacement: "if (speaker.unitAtStart < 0) {",
      },
    ],
    test: REGRESSIONS,
  },
  {
    rule: 15,
    without: "what is acknowledged is taken as chosen whatever ballot it was accepted in",
    patches: [
      {
        file: "follower.ts",
        anchor: "vote === null || vote.ballot < ballot ||",
        replacement: "vote === null ||",
      },
    ],
    test: SAFE,
  },
  { rule: 16, without: "messages are counted, not nodes", patches: ofBug(12), test: SAFE },
  {
    rule: 18,
    without: "a read is confirmed by the round that is under way",
    patches: [
      {
        file: "heartbeat-rounds.ts",
        anchor: "const confirmed = this.bestOf((peer) => peer.round, this.round);",
        replacement: "const confirmed = this.bestOf((peer) => peer.round + 1, this.round);",
      },
    ],
    test: LEASE,
  },
  {
    rule: 19,
    without: "a lease is used for all of its length, whatever clocks do",
    patches: [
      {
        file: "lease.ts",
        anchor: "return (leaseMs * (1 - drift)) / (1 + drift);",
        replacement: "return leaseMs + drift * 0;",
      },
    ],
    test: LEASE,
  },
  {
    rule: 19,
    without: "a grant binds nobody",
    patches: [
      {
        file: "lease.ts",
        anchor: "return nowMs < this.untilMs && ballot > this.ballot;",
        replacement: "return nowMs < -1 && ballot > this.ballot;",
      },
    ],
    test: LEASE,
  },
  {
    rule: 20,
    without: "whoever is canvassed says yes although it hears a leader",
    patches: [
      {
        file: "election.ts",
        anchor: "return this.gone || core.nowMs - this.heardMs >= this.timeoutMs;",
        replacement: "return this.gone || core.nowMs - this.heardMs >= 0;",
      },
    ],
    test: PARTITIONS,
  },
  {
    rule: 21,
    without: "a leader that no quorum answers goes on",
    patches: [
      {
        file: "leadership.ts",
        anchor: `    if (core.nowMs >= this.deadlineMs) return this.owner.resign("no quorum answered for an election timeout", 0);\n`,
        replacement: "",
      },
    ],
    test: PARTITIONS,
  },
  {
    rule: 22,
    without: "a process that is gone is not suspected",
    patches: [
      {
        file: "election.ts",
        anchor: "if (node !== this.leader || this.gone) return;",
        replacement: "if (node > 0) return;",
      },
    ],
    test: "engine.test.ts",
  },
  {
    rule: 26,
    without: "a machine that slept keeps its lease",
    patches: [
      {
        file: "heartbeat-rounds.ts",
        anchor: "    this.leaseVoidMs = Math.max(this.leaseVoidMs, this.core.nowMs);\n",
        replacement: "",
      },
    ],
    test: LEASE,
  },
];
