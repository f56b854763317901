import { BUGS } from "../paxos/explore/bugs.ts";
import type { Patch } from "@quorate/sim/mutants";
import type { Removal } from "./removal.ts";

const SAFE = "test/paxos/explore/safe.test.ts";
const SCHEDULES = "test/paxos/schedules.test.ts";
const REGRESSIONS = "test/paxos/regressions.test.ts";
const LEASE = "test/paxos/lease.test.ts";
const SCENARIOS = "test/paxos/scenarios.test.ts";
const PARTITIONS = "test/paxos/partial-partitions.test.ts";
const SLOW_DISKS = "test/paxos/slow-disks.test.ts";
const LEAVING = "test/paxos/leaving.test.ts";

function ofBug(number: number): readonly Patch[] {
  const bug = BUGS.find((one) => one.number === number);
  if (bug === undefined) throw new Error(`there is no bug ${number}`);
  return bug.patches;
}

/** What the engine keeps: rules 1 to 22 and 26. */
export const ENGINE: readonly Removal[] = [
  {
    rule: 1,
    without: "a learned entry is stored with its origin instead of its teller's ballot",
    patches: [
      {
        file: "packages/paxos/src/acceptor.ts",
        anchor: "      return;\n    }\n    this.store(entry);\n",
        replacement: "      return;\n    }\n    this.store({ ...entry, ballot: entry.origin });\n",
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
        file: "packages/paxos/src/core.ts",
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
        file: "packages/paxos/src/follower.ts",
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
        file: "packages/paxos/src/create-engine.ts",
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
        file: "packages/paxos/src/acceptor.ts",
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
        file: "packages/paxos/src/prepare-phase.ts",
        anchor: "promiser.pageFrom <= SLOT_MAX || promiser.faulty.has(slot)",
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
        file: "packages/paxos/src/leadership.ts",
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
        file: "packages/paxos/src/leadership.ts",
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
        file: "packages/paxos/src/leadership.ts",
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
        file: "packages/paxos/src/leadership.ts",
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
        file: "packages/paxos/src/leadership.ts",
        anchor: "if (accepts.changeSlot !== 0 || !this.hasLearned()) return false;",
        replacement: "if (!this.hasLearned()) return false;",
      },
      {
        file: "packages/paxos/src/leadership.ts",
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
        file: "packages/paxos/src/leadership.ts",
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
        file: "packages/paxos/src/create-engine.ts",
        anchor: "acceptor.raise(governing.floor)",
        replacement: "acceptor.raise(governing.floor * 0)",
      },
    ],
    test: SCHEDULES,
  },
  {
    rule: 13,
    without: "who does not know that it is removed is not told",
    patches: [
      {
        file: "packages/paxos/src/leaving.ts",
        anchor: "    this.catchUp.teach(peer.node, chosenTo + 1);\n    return selfRemoved;",
        replacement: "    return selfRemoved;",
      },
    ],
    test: LEAVING,
  },
  {
    rule: 13,
    without: "a removed node goes before the new set has what only it may have",
    patches: [
      {
        file: "packages/paxos/src/leaving.ts",
        anchor: "if (core.learner.quorum.accept(this.told)) {",
        replacement: "if (core.learner.quorum.accept(this.told) || core.nowMs > 0) {",
      },
    ],
    test: LEAVING,
  },
  {
    rule: 13,
    without: "a voter that stays without a vote leaves it to others to tell the new set",
    patches: [
      {
        file: "packages/paxos/src/leaving.ts",
        anchor: "core.nowMs < this.askMs || core.isVoter) return;",
        replacement: "core.nowMs < this.askMs || this.isMember) return;",
      },
    ],
    test: SCENARIOS,
  },
  {
    rule: 14,
    without: "a disk that comes back with less than was heard of it is listened to",
    patches: [
      {
        file: "packages/paxos/src/peers.ts",
        anchor: "if (speaker.unitAtStart < peer.unit) {",
        replacement: "if (speaker.unitAtStart < 0) {",
      },
    ],
    test: REGRESSIONS,
  },
  {
    rule: 14,
    without: "a replaced disk that leads goes on above the change that replaces it",
    patches: [
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: `      return this.owner.resign("another disk of this node is a member", 0);\n`,
        replacement: "      this.askMissing();\n",
      },
    ],
    test: "test/paxos/two-incarnations.test.ts",
  },
  {
    rule: 15,
    without: "what is acknowledged is taken as chosen whatever ballot it was accepted in",
    patches: [
      {
        file: "packages/paxos/src/follower.ts",
        anchor: "vote === null || vote.ballot < ballot ||",
        replacement: "vote === null ||",
      },
    ],
    test: SAFE,
  },
  { rule: 16, without: "messages are counted, not nodes", patches: ofBug(12), test: SAFE },
  {
    rule: 17,
    without: "after a restart nothing above the checkpoint is known chosen, the last change neither",
    patches: [
      {
        file: "packages/paxos/src/create-engine.ts",
        anchor: "while (this.core.learner.chosenTo < durable.chosenTo) {",
        replacement: "while (this.core.learner.chosenTo < durable.base) {",
      },
    ],
    test: LEAVING,
  },
  {
    rule: 17,
    without: "a change is recorded as chosen before what stands below it",
    patches: [
      {
        file: "packages/paxos/src/create-engine.ts",
        anchor: `core.durability.record({ kind: "members", governing });`,
        replacement: `(core.durability.records as unknown[]).unshift({ kind: "members", governing });`,
      },
    ],
    test: LEAVING,
  },
  {
    rule: 18,
    without: "a read is confirmed by the round that is under way",
    patches: [
      {
        file: "packages/paxos/src/heartbeat-rounds.ts",
        anchor: "const confirmed = this.bestOf((peer) => peer.round, this.round);",
        replacement: "const confirmed = this.bestOf((peer) => peer.round + 1, this.round);",
      },
    ],
    test: LEASE,
  },
  {
    rule: 18,
    without: "an answer to a round that another process began confirms a read",
    patches: [
      {
        file: "packages/paxos/src/leadership.ts",
        anchor: "if (message.life !== this.core.config.life || !this.rounds.has(message.round))",
        replacement: "if (!this.rounds.has(message.round))",
      },
    ],
    test: "test/paxos/hostile.test.ts",
  },
  {
    rule: 19,
    without: "a lease is released by whoever gives up the same ballot, from whatever disk",
    patches: [
      {
        file: "packages/paxos/src/lease.ts",
        anchor: "const isHolder = this.incarnation === 0 || this.incarnation === incarnation;",
        replacement: "const isHolder = this.incarnation >= 0 || this.incarnation === incarnation;",
      },
    ],
    test: "test/paxos/two-incarnations.test.ts",
  },
  {
    rule: 19,
    without: "a lease is released by whoever gives up a higher ballot",
    patches: [
      {
        file: "packages/paxos/src/lease.ts",
        anchor: "if (this.ballot === ballot && isHolder) this.untilMs = -Infinity;",
        replacement: "if (this.ballot < ballot || (this.ballot === ballot && isHolder)) this.untilMs = -Infinity;",
      },
    ],
    test: LEASE,
  },
  {
    rule: 19,
    without: "a lease is used for all of its length, whatever clocks do",
    patches: [
      {
        file: "packages/paxos/src/lease.ts",
        anchor: "return (leaseMs * (1 - drift)) / (1 + drift) - STOOD_STILL_MS_MAX;",
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
        file: "packages/paxos/src/lease.ts",
        anchor: "return nowMs < this.untilMs && ballot > this.ballot;",
        replacement: "return nowMs < -1 && ballot > this.ballot;",
      },
    ],
    test: LEASE,
  },
  {
    rule: 19,
    without: "a restarted node has forgotten what it granted",
    patches: [
      {
        file: "packages/paxos/src/create-engine.ts",
        anchor: "if (this.boundMs > 0) core.grants.untilMs = nowMs + this.boundMs;",
        replacement: "core.grants.untilMs = -Infinity;",
      },
    ],
    test: LEASE,
  },
  {
    rule: 20,
    without: "whoever is canvassed says yes although it hears a leader",
    patches: [
      {
        file: "packages/paxos/src/election.ts",
        anchor: "return this.gone || core.nowMs - this.heardMs >= this.timeoutMs;",
        replacement: "return this.gone || core.nowMs - this.heardMs >= 0;",
      },
    ],
    test: PARTITIONS,
  },
  {
    rule: 20,
    without: "a voter whose disk is stalled says yes, and cannot promise",
    patches: [
      {
        file: "packages/paxos/src/election.ts",
        anchor: "    if (core.diskStalled) return false;\n",
        replacement: "",
      },
    ],
    test: SCENARIOS,
  },
  {
    rule: 20,
    without: "a campaign has no more time than those before it that came to nothing",
    patches: [
      {
        file: "packages/paxos/src/election.ts",
        anchor: "this.timeoutMs * 2 ** doublings",
        replacement: "this.timeoutMs * Math.min(1, 2 ** doublings)",
      },
    ],
    test: SLOW_DISKS,
  },
  {
    rule: 20,
    without: "whoever promised a ballot does not wait for it",
    patches: [
      {
        file: "packages/paxos/src/follower.ts",
        anchor: "if (this.promise(ballot)) this.election.promised();",
        replacement: "this.promise(ballot);",
      },
    ],
    test: SLOW_DISKS,
  },
  {
    rule: 21,
    without: "a leader that no quorum answers goes on",
    patches: [
      {
        file: "packages/paxos/src/leadership.ts",
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
        file: "packages/paxos/src/election.ts",
        anchor: "if (node !== this.leader || this.gone) return;",
        replacement: "if (node > 0) return;",
      },
    ],
    test: "test/paxos/engine.test.ts",
  },
  {
    rule: 26,
    without: "a machine that slept keeps its lease",
    patches: [
      {
        file: "packages/paxos/src/heartbeat-rounds.ts",
        anchor: "    this.leaseVoidMs = Math.max(this.leaseVoidMs, this.core.nowMs);\n",
        replacement: "",
      },
    ],
    test: LEASE,
  },
];
