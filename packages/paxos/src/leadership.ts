import { AcceptPhase, votesFor } from "./accept-phase.ts";
import type { Ballot } from "./ballot.ts";
import type { Core } from "./core.ts";
import type { Proposed, Refusal } from "./engine.ts";
import { type Entry, type EntryKind, NO_BYTES } from "./entry.ts";
import { must } from "./invariants.ts";
import { usableMs } from "./lease.ts";
import { nextStep } from "./member-plan.ts";
import { checkMembers, encodeMembers } from "./members-codec.ts";
import type { Member, Members } from "./members.ts";
import type { HeartbeatAnswer, PromiseMessage } from "./message.ts";
import type { Peer } from "./peers.ts";
import { PreparePhase } from "./prepare-phase.ts";
import type { WaitingRead } from "./read-index.ts";

/** A non-voter is caught up when one round of catching up took less than an election timeout; after so many rounds it is given up. */
const CATCH_UP_ROUNDS_MAX = 10;

interface CatchUp {
  target: number;
  sinceMs: number;
  rounds: number;
}

/** Whom a lead tells of its end, and of a membership change that it counted chosen. */
export interface LeadershipOwner {
  resign(why: string, successor: number): void;
  setChanged(own: boolean): void;
}

/**
 * One ballot of this node, from `prepare` to the end of its lead: recover what may have been chosen, open, propose, count,
 * confirm reads, carry membership changes out. A ballot has one life (rule 3): when this object goes, its ballot is over.
 */
export class Leadership {
  readonly ballot: Ballot;
  /** Null while promises are gathered. */
  accepts: AcceptPhase | null = null;
  /** Takes batches, reads and changes (rule 8). */
  open = false;
  /** The wished set of members on its way, null if none. */
  wish: Members | null = null;
  private readonly core: Core;
  private readonly owner: LeadershipOwner;
  private readonly prepare: PreparePhase;
  private deadlineMs: number;
  private askAgainMs: number;
  private learnAgainMs = -Infinity;
  private round = 0;
  private timerRound = 0;
  private heartbeatAtMs = 0;
  private readonly roundSentMs = new Map<number, number>();
  private leaseVoidMs = -Infinity;
  private transfer = 0;
  private transferUntilMs = Infinity;
  private departUntilMs = Infinity;
  private readonly catchUps = new Map<string, CatchUp>();
  /** Nothing is proposed at nextSlot until a promised quorum of the set in force speaks for it; computed anew when either changes. */
  private speaks = false;

  constructor(core: Core, ballot: Ballot, owner: LeadershipOwner) {
    this.core = core;
    this.ballot = ballot;
    this.owner = owner;
    this.prepare = new PreparePhase(ballot, core.learner.chosenTo);
    this.deadlineMs = core.nowMs + core.config.electionTimeoutMs;
    this.askAgainMs = core.nowMs + core.config.heartbeatMs;
    const slotFrom = core.learner.chosenTo + 1;
    core.acceptor.raise(ballot);
    core.sendWhenDurable([core.config.self, ...core.otherVoters()], {
      kind: "prepare",
      ballot,
      slotFrom,
      chosenTo: core.learner.chosenTo,
    });
  }

  get leads(): boolean {
    return this.accepts !== null;
  }

  // ── phase 1 ──

  promised(node: number, incarnation: number, page: PromiseMessage): void {
    // A quorum that speaks for all that is still to be proposed is enough: what comes later would only close the lead again.
    const next = this.speaks ? -1 : this.prepare.merge(node, incarnation, page);
    if (next < 0) {
      this.core.ignore(node, "promise", "already known");
      return;
    }
    if (next > 0) this.askPage(node, next);
    else this.progress();
  }

  /** Whatever changed may let the next thing be proposed: promises, what is chosen, what is applied, the set in force. */
  progress(): void {
    const { learner } = this.core;
    if (this.accepts === null) {
      if (!this.hasLearned()) return;
      if (!this.prepare.speaksFrom(learner.quorum, learner.chosenTo + 1)) return;
      this.start();
    }
    this.proposeAgain();
    this.openUp();
    this.carryOutWish();
    this.handOver();
  }

  /** Rule 6: everything to the greatest chosenTo of a promise is learned before more is proposed. */
  private hasLearned(): boolean {
    const { core, prepare } = this;
    if (core.learner.chosenTo >= prepare.chosenTo) return true;
    if (core.nowMs >= this.learnAgainMs) {
      this.learnAgainMs = core.nowMs + core.config.heartbeatMs;
      core.send([prepare.chosenAt], { kind: "fetch", slotFrom: core.learner.chosenTo + 1 });
    }
    return false;
  }

  /** Whether entries of others are taken although this node campaigns or leads. */
  get wantsToLearn(): boolean {
    return this.accepts === null || this.core.learner.chosenTo < this.prepare.chosenTo;
  }

  /** More became known chosen, and not by counting. */
  learned(): void {
    this.accepts?.learned(this.core.learner.chosenTo, this.core.votes);
    this.progress();
  }

  private start(): void {
    const { core, ballot } = this;
    must(core.learner.governing.floor <= ballot, "no ballot below the floor leads above a membership change (rule 12)");
    this.accepts = new AcceptPhase(ballot, core.learner.chosenTo + 1);
    core.acceptor.follow(ballot, this.accepts.startSlot);
    core.peers.startBallot(this.accepts.startSlot - 1);
    this.deadlineMs = core.nowMs + core.config.electionTimeoutMs;
    this.heartbeatAtMs = core.nowMs;
    core.events.push({ kind: "leader-changed", leader: core.config.self, ballot });
  }

  private proposeAgain(): void {
    const { core, prepare } = this;
    const accepts = this.accepts!;
    while (accepts.nextSlot <= prepare.top && this.mayPropose()) {
      const slot = accepts.nextSlot;
      const reported = prepare.valueAt(slot);
      if (!accepts.hasRoom(core.learner.chosenTo, reported?.bytes.length ?? 0, core.config.limits)) return;
      if (reported === null) this.proposeAt("noop", NO_BYTES);
      else this.put({ ...reported, ballot: this.ballot });
      this.open = false;
      accepts.openSlot = slot;
    }
    if (accepts.openSlot === 0 && accepts.nextSlot > prepare.top && this.mayPropose()) {
      accepts.openSlot = accepts.nextSlot;
      this.proposeAt("noop", NO_BYTES);
    }
    prepare.forgetTo(core.learner.chosenTo);
  }

  /** Rules 7, 10 and 11, for the next slot. */
  private mayPropose(): boolean {
    const accepts = this.accepts!;
    if (accepts.changeSlot !== 0 || !this.hasLearned()) return false;
    if (!this.speaks) this.speaks = this.prepare.speaksFrom(this.core.learner.quorum, accepts.nextSlot);
    return this.speaks;
  }

  /** Whether everything that a promise reported is proposed again, so that something new may follow it. */
  private mayProposeNew(): boolean {
    return this.mayPropose() && this.accepts!.nextSlot > this.prepare.top;
  }

  private openUp(): void {
    const accepts = this.accepts!;
    const { learner } = this.core;
    if (this.open || accepts.openSlot === 0 || accepts.nextSlot <= this.prepare.top) return;
    if (learner.chosenTo < accepts.openSlot || learner.appliedTo < accepts.openSlot) return;
    // The set in force may be another one by now, whose nodes chose more in a ballot of their own: nothing is read before
    // a promised quorum of it has spoken (rules 11 and 18).
    if (!this.mayPropose()) return;
    this.open = true;
    this.core.events.push({ kind: "opened", ballot: this.ballot, slot: accepts.openSlot });
  }

  /** Promises may be lost on the way: whoever has not sent all pages is asked again. */
  private askMissing(): void {
    const { core, prepare } = this;
    this.askAgainMs = core.nowMs + core.config.heartbeatMs;
    for (const { node, incarnation } of core.learner.quorum.voters) {
      if (prepare.complete(node, incarnation)) continue;
      const next = prepare.nextPage(node, incarnation);
      this.askPage(node, next === 0 ? core.learner.chosenTo + 1 : next);
    }
  }

  private askPage(node: number, slotFrom: number): void {
    const message = { kind: "prepare", ballot: this.ballot, slotFrom, chosenTo: this.core.learner.chosenTo } as const;
    this.core.sendWhenDurable([node], message);
  }

  // ── phase 2 ──

  /** A batch of the state machines. */
  propose(opening: Ballot, batch: Uint8Array): Proposed {
    const accepts = this.accepts;
    if (accepts === null || !this.open || opening !== this.ballot) return "not leader";
    if (
      accepts.changeSlot !== 0 ||
      this.wishWaits ||
      this.transfer !== 0 ||
      !this.core.isVoter ||
      !this.mayProposeNew()
    )
      return "barrier";
    if (!accepts.hasRoom(this.core.learner.chosenTo, batch.length, this.core.config.limits)) return "overloaded";
    this.proposeAt("batch", batch);
    return "taken";
  }

  private proposeAt(kind: EntryKind, bytes: Uint8Array): void {
    const slot = this.accepts!.nextSlot;
    const anchored = this.core.learner.chosenTo === slot - 1;
    this.put({ slot, ballot: this.ballot, origin: this.ballot, anchored, kind, bytes });
  }

  private put(entry: Entry): void {
    this.accepts!.proposed(entry);
    this.core.acceptor.accept([entry]);
  }

  /** A follower's durable watermark in this ballot. */
  accepted(peer: Peer, acceptedTo: number, chosenTo: number): void {
    if (chosenTo > peer.chosenTo) peer.chosenTo = chosenTo;
    // A watermark passes over what its node knows chosen: it may lie beyond what was proposed in this ballot yet.
    const proposedTo = Math.min(acceptedTo, this.accepts!.nextSlot - 1);
    if (proposedTo > peer.acceptedTo) peer.acceptedTo = proposedTo;
    this.count();
  }

  /** Declares chosen what an accept quorum holds durably, in exactly this ballot (rule 16). */
  count(): void {
    const { core, ballot } = this;
    const accepts = this.accepts;
    if (accepts === null || core.acceptor.promised !== ballot) return;
    const before = core.learner.chosenTo;
    while (core.learner.chosenTo < accepts.nextSlot - 1) {
      const slot = core.learner.chosenTo + 1;
      if (
        !core.learner.quorum.accept(
          votesFor(slot, core.learner.quorum, (node, incarnation) => this.watermarkOf(node, incarnation)),
        )
      )
        break;
      const entry = core.votes.get(slot);
      must(entry !== null && entry.ballot === ballot, "what is counted was accepted here in this ballot");
      accepts.chosen(entry);
      core.learner.choose(ballot, () => this.owner.setChanged(true));
    }
    if (core.learner.chosenTo !== before) this.progress();
  }

  private watermarkOf(node: number, incarnation: number): number {
    const { core } = this;
    if (node !== core.config.self) return core.peers.of(node, incarnation).acceptedTo;
    const { durable } = core.durability;
    return incarnation === core.config.incarnation && durable.voteBallot === this.ballot ? durable.acceptedTo : -1;
  }

  // ── membership (rules 10 to 13) ──

  changeMembers(target: Members): Refusal | null {
    const step = nextStep(this.core.learner.governing.members, target, () => false);
    const wrong = checkMembers(target) ?? (step.kind === "propose" ? checkMembers(step.members) : null);
    if (wrong !== null) return { why: wrong };
    if (!this.open) return { why: "this node does not lead, or is not open yet" };
    if (this.wish !== null) return { why: "another change of members is on its way" };
    this.wish = target;
    this.catchUps.clear();
    this.carryOutWish();
    return null;
  }

  /** The set in force is another one: whoever is new there is asked for a promise of this ballot (rule 11). */
  newSetInForce(own: boolean): void {
    const { core } = this;
    if (!own) this.open = false;
    this.speaks = false;
    this.askMissing();
    if (!core.isVoter) this.departUntilMs = core.nowMs + 2 * core.config.electionTimeoutMs;
  }

  private get wishWaits(): boolean {
    return this.wish !== null && this.wishReady;
  }

  private wishReady = false;

  private carryOutWish(): void {
    if (this.wish === null || !this.open || this.accepts!.changeSlot !== 0 || !this.core.isVoter) return;
    const step = nextStep(this.core.learner.governing.members, this.wish, (member) => this.caughtUp(member));
    this.wishReady = step.kind === "propose";
    if (step.kind === "done") this.wish = null;
    if (step.kind === "propose" && this.core.learner.chosenTo === this.accepts!.nextSlot - 1 && this.mayProposeNew()) {
      this.wishReady = false;
      this.proposeAt("members", encodeMembers(step.members));
    }
  }

  private caughtUp(member: Member): boolean {
    const { core } = this;
    const key = `${member.node} ${member.incarnation}`;
    const peer = core.peers.of(member.node, member.incarnation);
    let catchUp = this.catchUps.get(key);
    if (catchUp === undefined) {
      catchUp = { target: core.learner.chosenTo, sinceMs: core.nowMs, rounds: 1 };
      this.catchUps.set(key, catchUp);
    }
    if (peer.chosenTo < catchUp.target) return false;
    if (
      core.nowMs - catchUp.sinceMs <= core.config.electionTimeoutMs &&
      core.nowMs - peer.answeredMs <= core.config.electionTimeoutMs
    )
      return true;
    if (catchUp.rounds >= CATCH_UP_ROUNDS_MAX) {
      this.wish = null;
      return false;
    }
    this.catchUps.set(key, { target: core.learner.chosenTo, sinceMs: core.nowMs, rounds: catchUp.rounds + 1 });
    return false;
  }

  private resign(why: string, successor: number): void {
    this.owner.resign(why, successor);
  }

  /** A leader outside the set in force stays until the new set has it all (rule 13), then names the one who is furthest. */
  private handOver(): void {
    const { core } = this;
    if (core.isVoter || core.learner.governing.slot === 0 || core.learner.chosenTo < core.learner.governing.slot)
      return;
    let told = 0;
    let best: Peer | null = null;
    core.learner.quorum.voters.forEach((voter, index) => {
      const peer = core.peers.of(voter.node, voter.incarnation);
      if (peer.chosenTo < core.learner.governing.slot) return;
      told |= 1 << index;
      if (best === null || peer.acceptedTo > best.acceptedTo) best = peer;
    });
    if (core.learner.quorum.accept(told)) this.resign("no longer a member", (best as Peer | null)?.node ?? 0);
  }

  transferTo(node: number): Refusal | null {
    const { core } = this;
    if (!this.open) return { why: "this node does not lead, or is not open yet" };
    const voter = core.learner.quorum.voters.find((member) => member.node === node);
    if (voter === undefined || node === core.config.self) return { why: `node ${node} is not another voter` };
    const peer = core.peers.of(node, voter.incarnation);
    if (core.nowMs - peer.answeredMs > core.config.electionTimeoutMs)
      return { why: `node ${node} has not answered for an election timeout` };
    this.transfer = node;
    this.transferUntilMs = core.nowMs + core.config.electionTimeoutMs;
    this.leaseVoidMs = Infinity;
    this.finishTransfer();
    return null;
  }

  private finishTransfer(): void {
    if (this.transfer === 0) return;
    const voter = this.core.learner.quorum.voters.find((member) => member.node === this.transfer);
    if (voter === undefined) this.transfer = 0;
    else if (this.core.peers.of(voter.node, voter.incarnation).acceptedTo >= this.accepts!.nextSlot - 1) {
      this.resign("handed over", voter.node);
    }
  }

  // ── heartbeats, reads, lease (rules 18, 19, 21) ──

  tick(stalled: boolean): void {
    const { core } = this;
    const { electionTimeoutMs, diskStallMs } = core.config;
    if (stalled) return this.resign("the event loop stood still", 0);
    if (core.nowMs - core.durability.waitingSinceMs > diskStallMs) return this.resign("the own disk is stalled", 0);
    if (this.accepts === null) {
      if (core.nowMs >= this.deadlineMs) this.resign("no quorum promised in time", 0);
      else if (core.nowMs >= this.askAgainMs) this.askMissing();
      return;
    }
    if (core.nowMs >= this.departUntilMs) return this.resign("no longer a member", 0);
    if (this.transfer !== 0 && core.nowMs >= this.transferUntilMs) this.transfer = 0;
    if (this.accepts.changeSlot !== 0 || this.mayPropose()) {
      if (this.connected()) this.deadlineMs = core.nowMs + electionTimeoutMs;
    } else if (core.isVoter && core.nowMs >= this.askAgainMs) this.askMissing();
    if (core.nowMs >= this.deadlineMs) return this.resign("no quorum answered for an election timeout", 0);
    this.progress();
  }

  private connected(): boolean {
    const { core } = this;
    const { quorum } = core.learner;
    let answered = 0;
    quorum.voters.forEach((voter, index) => {
      const sinceMs = this.isSelf(voter) ? 0 : core.nowMs - core.peers.of(voter.node, voter.incarnation).answeredMs;
      if (sinceMs < core.config.heartbeatMs * 2) answered |= 1 << index;
    });
    return quorum.accept(answered) && quorum.prepare(answered);
  }

  answered(peer: Peer, message: HeartbeatAnswer): void {
    const { core } = this;
    peer.answeredMs = core.nowMs;
    if (message.round > peer.round) peer.round = message.round;
    const sentMs = this.roundSentMs.get(message.round);
    if (message.grantedMs > 0 && sentMs !== undefined && sentMs > peer.grantSentMs) {
      peer.grantSentMs = sentMs;
      peer.grantMs = message.grantedMs;
    }
    if (message.round === this.timerRound) this.resendLost(peer, message.acceptedTo);
    this.accepted(peer, message.acceptedTo, message.chosenTo);
    if (core.acceptor.promised === this.ballot) this.confirmReads();
    this.finishTransfer();
  }

  private resendLost(peer: Peer, acceptedTo: number): void {
    const { core } = this;
    const accepts = this.accepts!;
    const stuck = acceptedTo === peer.acceptedToBefore && acceptedTo < accepts.sentTo;
    peer.acceptedToBefore = acceptedTo;
    if (!stuck) return;
    const again = accepts.acceptFrom(
      acceptedTo + 1,
      accepts.sentTo,
      core.votes,
      core.learner.chosenTo,
      core.config.limits,
    );
    if (again !== null) core.send([peer.node], again);
  }

  read(token: number, node: number, life: number, lease: boolean): void {
    const { core } = this;
    const untilMs = lease && node === 0 ? this.leaseUntilMs() : -Infinity;
    if (untilMs > core.nowMs) core.reads.answer(token, core.learner.chosenTo, untilMs);
    else core.reads.ask(token, node, life, core.learner.chosenTo);
  }

  private confirmReads(): void {
    const { core } = this;
    if (core.reads.waiting.length === 0) return;
    const confirmed = this.bestOf((peer) => peer.round, this.round);
    for (const read of core.reads.confirmed(confirmed)) this.answerRead(read);
  }

  private answerRead({ token, node, life, bound }: WaitingRead): void {
    this.core.events.push({ kind: "read-confirmed", token, bound });
    if (node === 0) this.core.reads.answer(token, bound, Infinity);
    else this.core.send([node], { kind: "read-bound", life, token, bound });
  }

  /** Until when the lease may be used; −Infinity: there is none. */
  leaseUntilMs(): number {
    const { core } = this;
    const { leaseMs } = core.learner.governing.members;
    if (leaseMs === 0 || !this.open || this.leaseVoidMs === Infinity || core.durability.durable.leaseMsMax < leaseMs)
      return -Infinity;
    if (core.acceptor.promised !== this.ballot) return -Infinity;
    const sentMs = this.bestOf((peer) => (peer.grantMs >= leaseMs ? peer.grantSentMs : -Infinity), core.nowMs);
    return sentMs <= this.leaseVoidMs ? -Infinity : sentMs + usableMs(leaseMs, core.config.drift);
  }

  /** The greatest value that an accept quorum has reached; such a quorum meets every prepare quorum. */
  private bestOf(reachedBy: (peer: Peer) => number, own: number): number {
    const { core } = this;
    const { quorum } = core.learner;
    const reached = quorum.voters.map((voter) =>
      this.isSelf(voter) ? own : reachedBy(core.peers.of(voter.node, voter.incarnation)),
    );
    let best = -Infinity;
    for (const candidate of reached) {
      if (candidate <= best) continue;
      let votes = 0;
      for (let index = 0; index < reached.length; index++) if (reached[index]! >= candidate) votes |= 1 << index;
      if (quorum.accept(votes)) best = candidate;
    }
    return best;
  }

  private isSelf({ node, incarnation }: Member): boolean {
    return node === this.core.config.self && incarnation === this.core.config.incarnation;
  }

  suspended(): void {
    this.leaseVoidMs = Math.max(this.leaseVoidMs, this.core.nowMs);
  }

  // ── what leaves ──

  /** The coming output: accepts that were not handed out yet, and a round of heartbeats when it is time or a read waits. */
  emit(): void {
    const { core } = this;
    const accepts = this.accepts;
    if (accepts === null) return;
    const others = core.others();
    while (accepts.sentTo < accepts.nextSlot - 1) {
      const accept = accepts.acceptFrom(
        accepts.sentTo + 1,
        accepts.nextSlot - 1,
        core.votes,
        core.learner.chosenTo,
        core.config.limits,
      );
      must(accept !== null, "what was proposed and not sent is at hand");
      core.send(others, accept);
      accepts.sentTo = accept.entries[accept.entries.length - 1]!.slot;
    }
    const due = core.nowMs >= this.heartbeatAtMs;
    if (due || core.reads.needsRound) this.beat(others, due);
  }

  private beat(others: readonly number[], due: boolean): void {
    const { core } = this;
    const accepts = this.accepts!;
    this.round++;
    if (due) {
      this.timerRound = this.round;
      this.heartbeatAtMs = core.nowMs + core.config.heartbeatMs;
    }
    core.reads.roundBegins(this.round);
    const { leaseMs } = core.learner.governing.members;
    if (leaseMs > 0) {
      this.roundSentMs.set(this.round, core.nowMs);
      for (const [round, sentMs] of this.roundSentMs) {
        if (sentMs >= core.nowMs - leaseMs) break;
        this.roundSentMs.delete(round);
      }
      core.grants.grant(this.ballot, core.nowMs, leaseMs);
      if (leaseMs > core.grants.longestMs) {
        core.grants.longestMs = leaseMs;
        core.durability.record({ kind: "lease", leaseMsMax: leaseMs });
      }
    }
    core.send(others, {
      kind: "heartbeat",
      ballot: this.ballot,
      round: this.round,
      startSlot: accepts.startSlot,
      ackFrom: accepts.ackFrom,
      ackTo: core.learner.chosenTo,
      chosenTo: core.learner.chosenTo,
    });
    this.confirmReads();
  }

  /** No entry from here on is dropped from memory: a follower that answers may still need it as an accept. */
  keepFrom(): number {
    const { core } = this;
    const accepts = this.accepts;
    if (accepts === null) return core.learner.chosenTo + 1;
    let keep = accepts.nextSlot;
    for (const node of core.others()) {
      const member = core.learner.quorum.voters.find((voter) => voter.node === node);
      if (member === undefined) continue;
      const peer = core.peers.of(node, member.incarnation);
      if (core.nowMs - peer.answeredMs < core.config.electionTimeoutMs) keep = Math.min(keep, peer.acceptedTo + 1);
    }
    return Math.max(keep, accepts.nextSlot - core.config.limits.windowSlots);
  }

  /** For `fingerprint`. */
  state(): readonly unknown[] {
    const accepts = this.accepts;
    return [
      this.ballot,
      this.prepare,
      accepts === null
        ? null
        : [accepts.startSlot, accepts.nextSlot, accepts.sentTo, accepts.openSlot, accepts.ackFrom, accepts.changeSlot],
      this.open,
      this.wish,
      this.speaks,
    ];
  }
}
