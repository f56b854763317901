import { AcceptPhase, votesFor } from "./accept-phase.ts";
import type { Ballot } from "./ballot.ts";
import type { Core } from "./core.ts";
import type { Proposed, Refusal } from "./engine.ts";
import { type EntryKind, type Entry, NO_BYTES } from "./entry.ts";
import { Handover } from "./handover.ts";
import { HeartbeatRounds } from "./heartbeat-rounds.ts";
import { must } from "./invariants.ts";
import { MemberWish } from "./member-wish.ts";
import { encodeMembers } from "./members-codec.ts";
import type { Members } from "./members.ts";
import type { Accepted, HeartbeatAnswer, PromiseMessage } from "./message.ts";
import type { Owner } from "./owner.ts";
import type { Peer } from "./peers.ts";
import { PreparePhase } from "./prepare-phase.ts";

/**
 * One ballot of this node, from `prepare` to the end of its lead: recover what may have been chosen, open, propose, count.
 * A ballot has one life (rule 3): when this object goes, its ballot is over.
 */
export class Leadership {
  readonly ballot: Ballot;
  /** Null while promises are gathered. */
  accepts: AcceptPhase | null = null;
  /** Takes batches, reads and changes (rule 8). */
  open = false;
  private readonly core: Core;
  private readonly owner: Owner;
  private readonly prepare: PreparePhase;
  private readonly rounds: HeartbeatRounds;
  private readonly wish: MemberWish;
  private readonly handover: Handover;
  private deadlineMs: number;
  private askAgainMs: number;
  private learnAgainMs = -Infinity;
  /** Nothing is proposed at nextSlot until a promised quorum of the set in force speaks for it; computed anew when either changes. */
  private speaks = false;

  /** `patienceMs`: how long it waits for the promises of a quorum. */
  constructor(core: Core, ballot: Ballot, patienceMs: number, owner: Owner) {
    this.core = core;
    this.ballot = ballot;
    this.owner = owner;
    this.prepare = new PreparePhase(ballot, core.learner.chosenTo);
    this.rounds = new HeartbeatRounds(core);
    this.wish = new MemberWish(core);
    this.handover = new Handover(core, owner);
    this.deadlineMs = core.nowMs + patienceMs;
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

  onPromise(peer: Peer, page: PromiseMessage): void {
    // A quorum that speaks for all that is still to be proposed is enough: what comes later would only close the lead again.
    const next = this.speaks ? -1 : this.prepare.merge(peer.node, peer.incarnation, page);
    if (next < 0) return this.core.ignore(peer.node, page.kind, "already known");
    if (next > 0) this.askPage(peer.node, next);
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
    this.handover.depart();
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
    this.accepts?.learned();
    this.progress();
  }

  private start(): void {
    const { core, ballot } = this;
    must(core.learner.governing.floor <= ballot, "no ballot below the floor leads above a membership change (rule 12)");
    this.accepts = new AcceptPhase(core, ballot, core.learner.chosenTo + 1);
    core.acceptor.follow(ballot, this.accepts.startSlot);
    core.peers.startBallot(this.accepts.startSlot - 1);
    this.deadlineMs = core.nowMs + core.config.electionTimeoutMs;
    this.rounds.start();
    core.events.push({ kind: "leader-changed", leader: core.config.self, ballot });
  }

  private proposeAgain(): void {
    const { core, prepare } = this;
    const accepts = this.accepts!;
    while (accepts.nextSlot <= prepare.top && this.mayPropose()) {
      const slot = accepts.nextSlot;
      const reported = prepare.valueAt(slot);
      if (!accepts.hasRoom(reported?.bytes.length ?? 0)) return;
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
      this.wish.waits ||
      this.handover.heir !== 0 ||
      !this.core.isVoter ||
      !this.mayProposeNew()
    )
      return "barrier";
    if (!accepts.hasRoom(batch.length)) return "overloaded";
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
  onAccepted(peer: Peer, { acceptedTo, chosenTo }: Accepted | HeartbeatAnswer): void {
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
      if (this.owner.leadership !== this) return;
    }
    if (core.learner.chosenTo !== before) this.progress();
  }

  private watermarkOf(node: number, incarnation: number): number {
    const { core } = this;
    if (node !== core.config.self) return core.peers.of(node, incarnation).acceptedTo;
    const { durable } = core.durability;
    return incarnation === core.config.incarnation && durable.voteBallot === this.ballot ? durable.acceptedTo : -1;
  }

  // ── membership and handing over (rules 10 to 13) ──

  changeMembers(target: Members): Refusal | null {
    const refusal = this.wish.take(target, this.open);
    if (refusal === null) this.carryOutWish();
    return refusal;
  }

  /** The set in force is another one: whoever is new there is asked for a promise of this ballot (rule 11). */
  newSetInForce(own: boolean): void {
    const { self, incarnation } = this.core.config;
    if (this.core.isReplaced(self, incarnation, this.core.learner.governing.slot - 1))
      return this.owner.resign("another disk of this node is a member", 0);
    if (!own) this.open = false;
    this.speaks = false;
    this.askMissing();
    this.handover.setChanged();
  }

  /** One change at a time, when all below is chosen (rule 10). */
  private carryOutWish(): void {
    const { core, wish } = this;
    if (!this.open || this.accepts!.changeSlot !== 0 || !core.isVoter) return;
    const members = wish.next();
    if (members === null || core.learner.chosenTo !== this.accepts!.nextSlot - 1 || !this.mayProposeNew()) return;
    wish.waits = false;
    this.proposeAt("members", encodeMembers(members));
  }

  transferTo(node: number): Refusal | null {
    if (!this.open) return { why: "this node does not lead, or is not open yet" };
    const refusal = this.handover.offer(node);
    if (refusal !== null) return refusal;
    this.rounds.giveUpLease();
    this.handover.finish(this.accepts!.nextSlot - 1);
    return null;
  }

  // ── time, heartbeats, reads (rules 18, 19, 21) ──

  tick(stalled: boolean): void {
    const { core } = this;
    const { electionTimeoutMs } = core.config;
    if (stalled) return this.owner.resign("the event loop stood still", 0);
    if (core.diskStalled) return this.owner.resign("the own disk is stalled", 0);
    if (this.accepts === null) {
      if (core.nowMs >= this.deadlineMs) this.owner.resign("no quorum promised in time", 0);
      else if (core.nowMs >= this.askAgainMs) this.askMissing();
      return;
    }
    if (this.handover.overdue()) return this.owner.resign("no longer a member", 0);
    if (this.accepts.changeSlot !== 0 || this.mayPropose()) {
      if (this.rounds.connected()) this.deadlineMs = core.nowMs + electionTimeoutMs;
    } else if (core.isVoter && core.nowMs >= this.askAgainMs) this.askMissing();
    if (core.nowMs >= this.deadlineMs) return this.owner.resign("no quorum answered for an election timeout", 0);
    this.progress();
  }

  onHeartbeatAnswer(peer: Peer, message: HeartbeatAnswer): void {
    if (message.life !== this.core.config.life || !this.rounds.has(message.round))
      return this.core.ignore(peer.node, message.kind, "not asked for");
    if (this.rounds.answered(peer, message)) this.accepts!.resendLost(peer, message.acceptedTo);
    this.onAccepted(peer, message);
    if (this.core.acceptor.promised === this.ballot) this.rounds.confirmReads();
    this.handover.finish(this.accepts!.nextSlot - 1);
  }

  read(token: number, node: number, life: number, lease: boolean): void {
    const { reads, learner, nowMs } = this.core;
    const untilMs = lease && node === 0 ? this.leaseUntilMs() : -Infinity;
    if (untilMs > nowMs) reads.answer(token, learner.chosenTo, untilMs);
    else reads.ask(token, node, life, learner.chosenTo);
  }

  /** Until when the lease may be used; −Infinity: there is none. */
  leaseUntilMs(): number {
    return this.open && this.core.acceptor.promised === this.ballot ? this.rounds.leaseUntilMs() : -Infinity;
  }

  suspended(): void {
    this.rounds.suspended();
  }

  // ── what leaves ──

  /** The coming output: accepts that were not handed out yet, and a round of heartbeats when it is time or a read waits. */
  emit(): void {
    const { accepts } = this;
    if (accepts === null) return;
    accepts.sendNew();
    this.rounds.beat(accepts);
  }

  /** Whether something leaves with the coming output. */
  get hasOutput(): boolean {
    return this.accepts !== null && (this.accepts.hasNew || this.rounds.isDue);
  }

  /** No entry from here on is dropped from memory. */
  keepFrom(): number {
    return this.accepts?.keepFrom() ?? this.core.learner.chosenTo + 1;
  }

  /** The watermark of each voter in this ballot, for `fingerprint`. */
  watermarks(): readonly number[] {
    const { learner, peers } = this.core;
    return learner.quorum.voters.map((voter) => peers.of(voter.node, voter.incarnation).acceptedTo);
  }

  /** For `fingerprint`. */
  state(): readonly unknown[] {
    const accepts = this.accepts;
    return [
      this.ballot,
      this.prepare.state(),
      accepts === null
        ? null
        : [accepts.startSlot, accepts.nextSlot, accepts.sentTo, accepts.openSlot, accepts.ackFrom, accepts.changeSlot],
      this.open,
      this.wish.target,
      this.speaks,
    ];
  }
}
