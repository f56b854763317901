import type { Ballot } from "./ballot.ts";
import { CatchUp } from "./catch-up.ts";
import { copyOf, fingerprintOf } from "./copy.ts";
import type { EngineConfig } from "./config.ts";
import { Core } from "./core.ts";
import { Election } from "./election.ts";
import type { Engine, Future, Proposed, Refusal } from "./engine.ts";
import { Follower } from "./follower.ts";
import { must } from "./invariants.ts";
import { Leadership } from "./leadership.ts";
import { Leaving } from "./leaving.ts";
import type { Governing, Members } from "./members.ts";
import type { Message, Speaker } from "./message.ts";
import type { Output } from "./output.ts";
import type { Owner } from "./owner.ts";
import type { Durable } from "./record.ts";
import { isWellFormed } from "./well-formed.ts";

/** An engine over what recovery read. Throws InvariantError if that cannot be a state of this node. */
export function createEngine(config: EngineConfig, durable: Durable): Engine {
  return new PaxosEngine(config, durable);
}

/** The one door: every input goes to the owner of what it changes; everything wanted leaves by `output`. */
class PaxosEngine implements Engine, Owner {
  leadership: Leadership | null = null;
  private readonly core: Core;
  private readonly catchUp: CatchUp;
  private readonly leaving: Leaving;
  private readonly election: Election;
  private readonly follower: Follower;
  private started = false;
  private chosenRecorded: number;
  /** What the last output said; `null`: there was none. */
  private said: Said | null = null;
  /** Known chosen when the process started, though an entry below may be unreadable: no lead begins below it. */
  private readonly recoveredTo: number;
  /** The longest that this node may be bound for by a grant of an earlier life. The record of it may be lost, so what its sets allow counts too. */
  private readonly boundMs: number;

  constructor(config: EngineConfig, durable: Durable) {
    this.core = new Core(config, durable);
    this.catchUp = new CatchUp(this.core, this);
    this.leaving = new Leaving(this.core, this.catchUp, durable.chosenTo);
    this.election = new Election(this.core, this.catchUp, this.leaving, this);
    this.follower = new Follower(this.core, this.election, this.catchUp, this.leaving, this);
    this.recoveredTo = durable.chosenTo;
    const allowed = durable.promised > 0 ? durable.governing.map(({ members }) => members.leaseMs) : [];
    this.boundMs = Math.max(durable.leaseMsMax, ...allowed);
    for (const governing of durable.governing)
      must(governing.slot <= durable.chosenTo, "a set in force stands in a chosen slot (rule 17)");
    while (this.core.learner.chosenTo < durable.chosenTo) {
      const next = this.core.learner.chosenTo + 1;
      if (this.core.votes.get(next) === null || this.core.acceptor.isFaulty(next)) break;
      this.core.learner.choose(this.core.learner.floorAt(next) ?? 0, () => {});
    }
    this.chosenRecorded = this.core.learner.chosenTo;
    this.core.durability.refresh();
  }

  // ── inputs ──

  tick(nowMs: number): void {
    const { core } = this;
    const stalled = this.started && nowMs - core.nowMs > core.config.electionTimeoutMs;
    must(!this.started || nowMs >= core.nowMs, "the clock of tick never goes back");
    core.nowMs = nowMs;
    if (!this.started) {
      this.started = true;
      if (this.boundMs > 0) core.grants.untilMs = nowMs + this.boundMs;
      this.election.start(nowMs);
    } else if (stalled) this.election.start(nowMs);
    this.leadership?.tick(stalled);
    this.election.tick(this.leadership !== null);
    core.reads.refuseForwarded(nowMs - 2 * core.config.electionTimeoutMs);
    this.leaving.tick();
    this.drain();
  }

  receive(from: Speaker, message: Message): void {
    this.dispatch(from, message);
    this.drain();
  }

  propose(opening: Ballot, batch: Uint8Array): Proposed {
    return this.leadership?.propose(opening, batch) ?? "not leader";
  }

  read(token: number, lease: boolean): void {
    const { core, leadership } = this;
    if (core.reads.count >= core.config.limits.readsMax) core.reads.answer(token, -1, Infinity);
    else if (leadership?.open) leadership.read(token, 0, core.config.life, lease);
    else if (leadership === null && this.election.hearsLeader) {
      core.reads.forward(token, core.nowMs);
      core.send([this.election.leader], { kind: "read-request", token });
    } else core.reads.answer(token, -1, Infinity);
  }

  persisted(seq: number, unit: number): void {
    const { core } = this;
    must(seq <= core.durability.seq, "only records that were handed out can be durable");
    if (core.durability.persisted(seq, unit, core.nowMs)) {
      this.follower.acceptedDue = true;
      this.leadership?.count();
    }
    this.drain();
  }

  applied(slot: number): void {
    const { core } = this;
    must(slot <= core.learner.chosenTo, "only what is chosen can be applied");
    if (slot <= core.learner.appliedTo) return;
    core.learner.appliedTo = slot;
    core.votes.dropTo(Math.min(slot, (this.leadership?.keepFrom() ?? slot + 1) - 1));
    this.leadership?.progress();
    this.drain();
  }

  checkpointed(slot: number): void {
    this.core.learner.forgetBelow(slot);
  }

  installed(slot: number, governing: Governing): void {
    const { core } = this;
    if (slot <= core.learner.chosenTo) return;
    const before = core.learner.governing;
    core.learner.installed(slot, governing);
    core.acceptor.installed(slot);
    this.chosenRecorded = Math.max(this.chosenRecorded, slot);
    if (core.learner.governing !== before) this.setChanged(false);
    core.durability.refresh();
    this.leadership?.learned();
    this.drain();
  }

  suspect(node: number): void {
    this.election.suspect(node);
  }

  suspended(): void {
    this.leadership?.suspended();
  }

  changeMembers(target: Members): Refusal | null {
    return (
      this.leadership?.changeMembers(target) ?? (this.leadership === null ? { why: "this node does not lead" } : null)
    );
  }

  transferTo(node: number): Refusal | null {
    return this.leadership === null ? { why: "this node does not lead" } : this.leadership.transferTo(node);
  }

  stepDown(): void {
    this.resign("asked to step down", 0);
    this.drain();
  }

  campaignNow(): void {
    this.campaign(this.election.nextBallot());
    this.drain();
  }

  // ── output ──

  get hasOutput(): boolean {
    return (
      this.core.hasOutput ||
      this.follower.acceptedDue ||
      (this.leadership?.hasOutput ?? false) ||
      this.said === null ||
      !this.isSaid(this.said)
    );
  }

  output(): Output {
    const { core } = this;
    this.leadership?.emit();
    this.follower.sayAccepted();
    this.drain();
    if (core.durability.records.length > 0) {
      if (core.learner.chosenTo > this.chosenRecorded) {
        this.chosenRecorded = core.learner.chosenTo;
        core.durability.record({ kind: "chosen", slot: this.chosenRecorded });
      }
      if (core.peers.heardChanged) {
        core.peers.heardChanged = false;
        core.durability.record({ kind: "heard", peers: core.peers.heard() });
      }
    }
    const seq = core.durability.handOut(core.nowMs);
    if (this.said === null || !this.isSaid(this.said)) this.said = this.toSay();
    const { chosenTo, governing, leader, opening, leaseUntilMs, promised, damage } = this.said;
    return {
      speaker: core.speaker,
      sends: core.sends.take(),
      supply: core.supply.take(),
      records: core.durability.records.take(),
      seq,
      chosenTo,
      chosen: core.learner.chosen.take(),
      governing,
      reads: core.reads.answers.take(),
      leader,
      opening,
      leaseUntilMs,
      promised,
      damage,
      events: core.events.take(),
    };
  }

  private get leader(): number {
    return this.leadership?.leads ? this.core.config.self : this.election.leader;
  }

  private get opening(): Ballot {
    return this.leadership?.open ? this.leadership.ballot : 0;
  }

  private toSay(): Said {
    const { leader, opening } = this;
    const { acceptor, learner } = this.core;
    const { promised, damage } = acceptor;
    const leaseUntilMs = this.leadership?.leaseUntilMs() ?? -Infinity;
    return {
      chosenTo: learner.chosenTo,
      governing: learner.governing,
      leader,
      opening,
      leaseUntilMs,
      promised,
      damage,
    };
  }

  /** Whether all of that still holds. */
  private isSaid(said: Said): boolean {
    const { acceptor, learner } = this.core;
    return (
      said.chosenTo === learner.chosenTo &&
      said.governing === learner.governing &&
      said.leader === this.leader &&
      said.opening === this.opening &&
      said.leaseUntilMs === (this.leadership?.leaseUntilMs() ?? -Infinity) &&
      said.promised === acceptor.promised &&
      said.damage === acceptor.damage
    );
  }

  copy(): Engine {
    return copyOf(this);
  }

  fingerprint(future: Future = { ticks: true, syncs: true }): string {
    const { core, leadership } = this;
    const { acceptor, learner } = core;
    return fingerprintOf([
      acceptor.promised,
      acceptor.voteBallot,
      acceptor.startSlot,
      acceptor.acceptedTo,
      core.votes,
      acceptor.early(),
      [...acceptor.faulty],
      learner.chosenTo,
      learner.appliedTo,
      learner.known,
      core.durability.durable.promised,
      core.durability.durable.voteBallot,
      core.durability.durable.acceptedTo,
      core.durability.durable.chosenTo,
      future.syncs ? core.durability.pending() : core.durability.settled,
      future.ticks ? this.election.state() : this.election.nextBallot(),
      leadership?.state() ?? null,
      leadership?.leads ? leadership.watermarks() : null,
    ]);
  }

  // ── roles ──

  campaign(ballot: Ballot): void {
    const { core } = this;
    if (core.acceptor.mute || !core.isVoter || ballot <= core.acceptor.promised) return;
    if (core.learner.chosenTo < this.recoveredTo) return;
    if (this.leadership !== null) this.resign("campaigns in a higher ballot", 0);
    if (core.grants.forbids(ballot, core.nowMs)) return;
    core.events.push({ kind: "ballot-raised", ballot });
    core.campaigned = ballot;
    this.leadership = new Leadership(core, ballot, this.election.campaigns(), this);
  }

  resign(why: string, successor: number): void {
    const { core, leadership } = this;
    if (leadership === null) return;
    this.leadership = null;
    core.campaigned = 0;
    core.events.push({ kind: "resigned", ballot: leadership.ballot, why });
    if (leadership.leads) core.send(core.others(), { kind: "resign", ballot: leadership.ballot, successor });
    core.grants.release(leadership.ballot, core.config.incarnation);
    for (const { node, life, token } of core.reads.refuseWaiting()) {
      core.send([node], { kind: "read-bound", life, token, bound: -1 });
    }
    this.election.stoppedLeading(leadership.leads);
  }

  /** A higher ballot than the one led is promised: that one is over (rules 2, 3 and 16). */
  raised(): void {
    const { leadership, core } = this;
    if (leadership !== null && leadership.ballot < core.acceptor.promised) this.resign("promised a higher ballot", 0);
  }

  setChanged(own: boolean): void {
    const { core } = this;
    const { governing } = core.learner;
    // In this order: whatever part of it a crash leaves, a node that knows the change has promised its floor (rule 12).
    const raised = core.acceptor.raise(governing.floor);
    core.durability.record({ kind: "members", governing });
    core.events.push({ kind: "members-changed", slot: governing.slot, floor: governing.floor });
    this.leaving.setChanged();
    if (raised) this.raised();
    this.leadership?.newSetInForce(own);
  }

  learned(): void {
    this.follower.acceptedDue = true;
    this.leadership?.learned();
  }

  // ── messages: the owner of what changes checks what must hold, or ignores with a reason; changes state; says so ──

  private dispatch(from: Speaker, message: Message): void {
    const { core, leadership } = this;
    if (!isWellFormed(message)) return core.ignore(from.node, message.kind, "malformed");
    const peer = core.peers.listen(from);
    if (peer === null) {
      const { node, incarnation, life } = from;
      core.events.push({
        kind: "old-copy",
        heard: { node, incarnation, life, unit: core.peers.of(node, incarnation).unit },
      });
      return core.ignore(node, message.kind, "old disk");
    }
    switch (message.kind) {
      case "canvass":
        return this.election.onCanvass(peer, message);
      case "canvass-answer":
        return this.election.onCanvassAnswer(peer, message);
      case "resign":
        return this.election.onResign(peer, message);
      case "prepare":
        return this.follower.onPrepare(peer, message);
      case "accept":
        return this.follower.onAccept(peer, message);
      case "heartbeat":
        return this.follower.onHeartbeat(peer, message);
      case "promise":
        if (leadership?.ballot !== message.ballot) return core.ignore(from.node, message.kind, "stale ballot");
        return leadership.onPromise(peer, message);
      case "reject":
        if (message.promised > this.election.seen) this.election.seen = message.promised;
        if (leadership?.ballot !== message.ballot) return core.ignore(from.node, message.kind, "stale ballot");
        if (!core.isMember(peer.node, peer.incarnation)) return core.ignore(from.node, message.kind, "not a voter");
        return this.resign("a higher ballot was promised elsewhere", 0);
      case "accepted":
        if (!leadership?.leads || leadership.ballot !== message.ballot)
          return core.ignore(from.node, message.kind, "stale ballot");
        return leadership.onAccepted(peer, message);
      case "heartbeat-answer":
        if (!leadership?.leads || leadership.ballot !== message.ballot)
          return core.ignore(from.node, message.kind, "stale ballot");
        return leadership.onHeartbeatAnswer(peer, message);
      case "fetch":
        return this.catchUp.onFetch(peer, message);
      case "learn":
        return this.catchUp.onLearn(peer, message);
      case "read-request":
        if (leadership?.open && core.reads.count < core.config.limits.readsMax)
          return leadership.read(message.token, peer.node, from.life, false);
        return core.send([peer.node], { kind: "read-bound", life: from.life, token: message.token, bound: -1 });
      case "read-bound":
        if (message.life !== core.config.life || !core.reads.bound(message.token, message.bound))
          core.ignore(from.node, message.kind, "not asked for");
        return;
    }
  }

  private drain(): void {
    const { core } = this;
    while (core.loopback.length > 0) this.dispatch(core.speaker, core.loopback.shift()!);
  }
}

/** What an output says of the engine itself, whether or not that is news. */
type Said = Pick<Output, "chosenTo" | "governing" | "leader" | "opening" | "leaseUntilMs" | "promised" | "damage">;
