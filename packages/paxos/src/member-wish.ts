import type { Core } from "./core.ts";
import type { Refusal } from "./engine.ts";
import { nextStep } from "./member-plan.ts";
import { checkMembers } from "./members-codec.ts";
import type { Member, Members } from "./members.ts";

/**
 * A non-voter is caught up when one round of catching up took less than an election timeout. It is given up after so many
 * rounds, or when it has not answered for so many election timeouts.
 */
const CATCH_UP_ROUNDS_MAX = 10;

interface CatchUpRound {
  readonly target: number;
  readonly sinceMs: number;
  readonly round: number;
}

/** The set of members that a leader was asked for, and how far it is on its way there. */
export class MemberWish {
  /** Null: nothing is wished. */
  target: Members | null = null;
  /** The next step only waits until all below is chosen: no batch goes before it. */
  waits = false;
  private readonly rounds = new Map<string, CatchUpRound>();
  private readonly core: Core;

  constructor(core: Core) {
    this.core = core;
  }

  /** `open`: whether the leader may change anything now (rule 8). */
  take(target: Members, open: boolean): Refusal | null {
    const step = nextStep(this.core.learner.governing.members, target, () => false);
    const wrong = checkMembers(target) ?? (step.kind === "propose" ? checkMembers(step.members) : null);
    if (wrong !== null) return { why: wrong };
    if (!open) return { why: "this node does not lead, or is not open yet" };
    if (this.target !== null) return { why: "another change of members is on its way" };
    this.target = target;
    this.waits = false;
    this.rounds.clear();
    return null;
  }

  /** The set to propose next; `null` while there is none. */
  next(): Members | null {
    if (this.target === null) return null;
    const step = nextStep(this.core.learner.governing.members, this.target, (member) => this.caughtUp(member));
    if (step.kind === "done") this.target = null;
    this.waits = step.kind === "propose";
    return step.kind === "propose" ? step.members : null;
  }

  private caughtUp(member: Member): boolean {
    const { core } = this;
    const { electionTimeoutMs } = core.config;
    const key = `${member.node} ${member.incarnation}`;
    const peer = core.peers.of(member.node, member.incarnation);
    const current = this.rounds.get(key) ?? this.startRound(key, 1);
    const silentMs = core.nowMs - Math.max(current.sinceMs, peer.answeredMs);
    if (silentMs > CATCH_UP_ROUNDS_MAX * electionTimeoutMs) return this.giveUp(member, "it does not answer");
    if (peer.chosenTo < current.target) return false;
    if (core.nowMs - current.sinceMs <= electionTimeoutMs && core.nowMs - peer.answeredMs <= electionTimeoutMs)
      return true;
    if (current.round >= CATCH_UP_ROUNDS_MAX)
      return this.giveUp(member, `it did not catch up in ${CATCH_UP_ROUNDS_MAX} rounds`);
    this.startRound(key, current.round + 1);
    return false;
  }

  /** The set in force stays as it is, `member` in it without a vote. */
  private giveUp({ node }: Member, why: string): false {
    this.target = null;
    this.core.events.push({ kind: "change-given-up", node, why });
    return false;
  }

  private startRound(key: string, round: number): CatchUpRound {
    const started = { target: this.core.learner.chosenTo, sinceMs: this.core.nowMs, round };
    this.rounds.set(key, started);
    return started;
  }
}
