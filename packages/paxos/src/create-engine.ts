import { type Ballot, nextBallot, nodeOf } from "./ballot.ts";
import type { EngineConfig } from "./config.ts";
import { copyOf, fingerprintOf } from "./copy.ts";
import { Core } from "./core.ts";
import { type Campaigner, Election, isOwner } from "./election.ts";
import type { Engine, Proposed, Refusal } from "./engine.ts";
import type { Entry } from "./entry.ts";
import { must } from "./invariants.ts";
import { Leadership, type LeadershipOwner } from "./leadership.ts";
import type { Governing, Members } from "./members.ts";
import type {
  Accept,
  Canvass,
  CanvassAnswer,
  Fetch,
  Heartbeat,
  Learn,
  Message,
  Prepare,
  ReadBound,
  Resign,
  Speaker,
} from "./message.ts";
import type { Output } from "./output.ts";
import type { Peer } from "./peers.ts";
import type { Durable } from "./record.ts";

/** An engine over what recovery read. Throws InvariantError if that cannot be a state of this node. */
export function createEngine(config: EngineConfig, durable: Durable): Engine {
  return new PaxosEngine(config, durable);
}

/** The one door: every input goes to the owner of what it changes; everything wanted leaves by `output`. */
class PaxosEngine implements Engine, Campaigner, LeadershipOwner {
  private core: Core;
  private election: Election;
  private leadership: Leadership | null = null;
  private started = false;
  private fetchedMs = -Infinity;
  private wasMember: boolean;
  private removedAskMs = 0;
  private removedTold = 0;
  private gone = false;
  private chosenRecorded: number;
  /** Known chosen when the process started, though an entry below may be unreadable: no lead begins below it. */
  private readonly recoveredTo: number;

  constructor(config: EngineConfig, durable: Durable) {
    this.core = new Core(config, durable);
    this.election = new Election(this.core, this);
    this.recoveredTo = durable.chosenTo;
    // Nobody but a member learns anything: what is chosen here was learned as one.
    this.wasMember = durable.chosenTo > 0 || this.core.isMember(config.self, config.incarnation);
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
      if (core.grants.longestMs > 0) core.grants.untilMs = nowMs + core.grants.longestMs;
      this.election.start(nowMs);
    } else if (stalled) this.election.start(nowMs);
    this.leadership?.tick(stalled);
    this.election.tick(this.leadership !== null);
    core.reads.refuseForwarded(nowMs - 2 * core.config.electionTimeoutMs);
    this.askWhetherRemoved();
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
      this.acceptedDue = true;
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

  repaired(slot: number): void {
    if (this.core.acceptor.cure(slot)) this.core.events.push({ kind: "slot-cured", slot });
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
    this.campaign(nextBallot(Math.max(this.election.seen, this.core.acceptor.promised), this.core.config.self));
    this.drain();
  }

  // ── output ──

  private acceptedDue = false;

  output(): Output {
    const { core } = this;
    this.leadership?.emit();
    this.sayAccepted();
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
    return {
      speaker: core.speaker,
      sends: taken(core.sends),
      supply: taken(core.supply),
      records: taken(core.durability.records),
      seq,
      chosenTo: core.learner.chosenTo,
      chosen: taken(core.learner.chosen),
      governing: core.learner.governing,
      reads: taken(core.reads.answers),
      leader: this.leadership?.leads ? core.config.self : this.election.leader,
      opening: this.leadership?.open ? this.leadership.ballot : 0,
      promised: core.acceptor.promised,
      events: taken(core.events),
    };
  }

  copy(): Engine {
    return copyOf(this);
  }

  fingerprint(): string {
    const { core } = this;
    const { acceptor, learner } = core;
    return fingerprintOf([
      acceptor.promised,
      acceptor.voteBallot,
      acceptor.startSlot,
      acceptor.acceptedTo,
      core.votes,
      acceptor.early(),
      [...acceptor.faulty],
      acceptor.faultyFrom,
      learner.chosenTo,
      learner.appliedTo,
      learner.known,
      core.durability.durable.promised,
      core.durability.durable.voteBallot,
      core.durability.durable.acceptedTo,
      core.durability.durable.chosenTo,
      core.durability.pending(),
      this.election.state(),
      this.leadership?.state() ?? null,
      [...learner.quorum.voters].map((voter) => core.peers.of(voter.node, voter.incarnation).acceptedTo),
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
    this.leadership = new Leadership(core, ballot, this);
  }

  resign(why: string, successor: number): void {
    const { core, leadership } = this;
    if (leadership === null) return;
    this.leadership = null;
    core.campaigned = 0;
    core.events.push({ kind: "resigned", ballot: leadership.ballot, why });
    if (leadership.leads) core.send(core.others(), { kind: "resign", ballot: leadership.ballot, successor });
    core.grants.release(leadership.ballot);
    for (const { node, life, token } of core.reads.refuseWaiting()) {
      core.send([node], { kind: "read-bound", life, token, bound: -1 });
    }
    this.election.stoppedLeading();
  }

  /** A higher ballot than the one led is promised: that one is over (rules 2, 3 and 16). */
  private raised(): void {
    const { leadership, core } = this;
    if (leadership !== null && leadership.ballot < core.acceptor.promised) this.resign("promised a higher ballot", 0);
  }

  /** Another set of members is in force. */
  setChanged(own: boolean): void {
    const { core } = this;
    const { governing } = core.learner;
    // In this order: whatever part of it a crash leaves, a node that knows the change has promised its floor (rule 12).
    const raised = core.acceptor.raise(governing.floor);
    core.durability.record({ kind: "members", governing });
    core.events.push({ kind: "members-changed", slot: governing.slot, floor: governing.floor });
    if (core.isMember(core.config.self, core.config.incarnation)) this.wasMember = true;
    this.removedTold = 0;
    if (raised) this.raised();
    this.leadership?.newSetInForce(own);
  }

  private dispatch(from: Speaker, message: Message): void {
    const { core } = this;
    const peer = core.peers.listen(from);
    if (peer === null) return core.ignore(from.node, message.kind, "old disk");
    switch (message.kind) {
      case "canvass":
        return this.onCanvass(peer, message);
      case "canvass-answer":
        return this.onCanvassAnswer(peer, message);
      case "prepare":
        return this.onPrepare(peer, message);
      case "promise":
        if (this.leadership?.ballot !== message.ballot) return core.ignore(from.node, message.kind, "stale ballot");
        return this.leadership.promised(peer.node, peer.incarnation, message);
      case "reject":
        if (message.promised > this.election.seen) this.election.seen = message.promised;
        if (this.leadership?.ballot !== message.ballot) return core.ignore(from.node, message.kind, "stale ballot");
        if (!core.isMember(peer.node, peer.incarnation)) return core.ignore(from.node, message.kind, "not a voter");
        return this.resign("a higher ballot was promised elsewhere", 0);
      case "accept":
        return this.onAccept(peer, message);
      case "accepted":
        if (!this.leadership?.leads || this.leadership.ballot !== message.ballot)
          return core.ignore(from.node, message.kind, "stale ballot");
        return this.leadership.accepted(peer, message.acceptedTo, message.chosenTo);
      case "heartbeat":
        return this.onHeartbeat(peer, message);
      case "heartbeat-answer":
        if (!this.leadership?.leads || this.leadership.ballot !== message.ballot)
          return core.ignore(from.node, message.kind, "stale ballot");
        return this.leadership.answered(peer, message);
      case "fetch":
        return this.onFetch(peer, message);
      case "learn":
        return this.onLearn(peer, message);
      case "read-request":
        if (this.leadership?.open && core.reads.count < core.config.limits.readsMax)
          return this.leadership.read(message.token, peer.node, from.life, false);
        return core.send([peer.node], { kind: "read-bound", life: from.life, token: message.token, bound: -1 });
      case "read-bound":
        return this.onReadBound(peer, message);
      case "resign":
        return this.onResign(peer, message);
    }
  }

  // ── handlers: check what must hold, or ignore with a reason; change state; say so ──

  private onCanvass(peer: Peer, message: Canvass): void {
    const { core } = this;
    if (message.ballot !== 0 && !isOwner(peer.node, message.ballot))
      return core.ignore(peer.node, message.kind, "malformed");
    if (this.tellChange(peer, message.chosenTo)) return;
    const granted = message.ballot !== 0 && this.election.wouldPromise(message, this.leadership !== null);
    const { promised } = core.acceptor;
    const chosenTo = core.durability.durable.chosenTo;
    core.send([peer.node], { kind: "canvass-answer", ballot: message.ballot, granted, promised, chosenTo });
  }

  /** Whoever does not know that a set without it, or without us, is in force is told (rule 13). Returns whether it cannot be answered otherwise. */
  private tellChange(peer: Peer, chosenTo: number): boolean {
    const { core } = this;
    const { slot } = core.learner.governing;
    if (chosenTo >= slot) return false;
    const selfRemoved = this.wasMember && !core.isMember(core.config.self, core.config.incarnation);
    if (!selfRemoved && core.isMember(peer.node, peer.incarnation)) return false;
    this.teach(peer.node, chosenTo + 1);
    return selfRemoved;
  }

  private onCanvassAnswer(peer: Peer, message: CanvassAnswer): void {
    const { core } = this;
    if (message.ballot !== 0) {
      this.election.answered(peer, message);
      if (message.chosenTo > core.learner.chosenTo) this.fetch(peer.node);
      return;
    }
    const { slot } = core.learner.governing;
    if (message.chosenTo < slot) return this.teach(peer.node, message.chosenTo + 1);
    this.removedTold |= core.learner.quorum.bit(peer.node, peer.incarnation);
  }

  private onPrepare(peer: Peer, message: Prepare): void {
    const { core } = this;
    const { acceptor } = core;
    const { ballot } = message;
    if (!isOwner(peer.node, ballot)) return core.ignore(peer.node, message.kind, "malformed");
    if (acceptor.mute) return core.ignore(peer.node, message.kind, "not a voter");
    if (this.tellChange(peer, message.chosenTo)) return;
    if (ballot < acceptor.promised)
      return core.send([peer.node], { kind: "reject", ballot, promised: acceptor.promised });
    if (core.grants.forbids(ballot, core.nowMs)) return core.ignore(peer.node, message.kind, "lease granted");
    if (acceptor.raise(ballot)) {
      core.events.push({ kind: "ballot-raised", ballot });
      this.raised();
    }
    if (ballot > this.election.seen) this.election.seen = ballot;
    core.sendWhenDurable([peer.node], acceptor.promise(message.slotFrom));
  }

  /** Whether the accepts and heartbeats of `ballot` are followed from now on. */
  private follow(peer: Peer, kind: Message["kind"], ballot: Ballot, startSlot: number): boolean {
    const { core } = this;
    const { acceptor } = core;
    if (!isOwner(peer.node, ballot)) core.ignore(peer.node, kind, "malformed");
    else if (ballot < acceptor.promised)
      core.send([peer.node], { kind: "reject", ballot, promised: acceptor.promised });
    else if (core.grants.forbids(ballot, core.nowMs)) core.ignore(peer.node, kind, "lease granted");
    else {
      if (!acceptor.mute) {
        if (acceptor.raise(ballot)) {
          core.events.push({ kind: "ballot-raised", ballot });
          this.raised();
        }
        if (!acceptor.follow(ballot, startSlot)) {
          core.ignore(peer.node, kind, "malformed");
          return false;
        }
      }
      this.election.heard(peer.node, ballot);
      return true;
    }
    return false;
  }

  private onAccept(peer: Peer, message: Accept): void {
    const { core } = this;
    if (!this.follow(peer, message.kind, message.ballot, message.startSlot)) return;
    if (!core.acceptor.mute && core.acceptor.accept(message.entries)) core.ignore(peer.node, message.kind, "gap");
    this.acknowledged(peer.node, message.ballot, message.ackFrom, message.ackTo);
    this.acceptedDue = true;
  }

  private onHeartbeat(peer: Peer, message: Heartbeat): void {
    const { core } = this;
    if (!this.follow(peer, message.kind, message.ballot, message.startSlot)) return;
    this.acknowledged(peer.node, message.ballot, message.ackFrom, message.ackTo);
    if (message.chosenTo > core.learner.chosenTo) this.fetch(peer.node);
    if (core.acceptor.mute) return;
    const { leaseMs } = core.learner.governing.members;
    const { durable } = core.durability;
    const answer = {
      kind: "heartbeat-answer",
      ballot: message.ballot,
      round: message.round,
      acceptedTo: durable.voteBallot === message.ballot ? durable.acceptedTo : message.startSlot - 1,
      chosenTo: durable.chosenTo,
      grantedMs: leaseMs,
    } as const;
    if (leaseMs > core.grants.longestMs) {
      core.grants.longestMs = leaseMs;
      core.durability.record({ kind: "lease", leaseMsMax: leaseMs });
    }
    if (leaseMs > 0) core.grants.grant(message.ballot, core.nowMs, leaseMs);
    if (durable.leaseMsMax >= leaseMs && durable.promised === message.ballot) core.send([peer.node], answer);
    else core.sendWhenDurable([peer.node], answer);
  }

  /** Rule 15: slots counted in this very ballot, of which what is held here was accepted in it or in a higher one. */
  private acknowledged(leader: number, ballot: Ballot, ackFrom: number, ackTo: number): void {
    const { core } = this;
    while (core.learner.chosenTo < ackTo) {
      const next = core.learner.chosenTo + 1;
      const vote = core.votes.get(next);
      if (next < ackFrom || vote === null || vote.ballot < ballot || core.acceptor.isFaulty(next)) break;
      core.learner.choose(ballot, () => this.setChanged(false));
    }
    core.acceptor.advance();
    core.durability.refresh();
    if (core.learner.chosenTo < ackTo) this.fetch(leader);
  }

  private fetch(node: number): void {
    const { core } = this;
    if (core.nowMs - this.fetchedMs < core.config.heartbeatMs) return;
    this.fetchedMs = core.nowMs;
    core.send([node], { kind: "fetch", slotFrom: core.learner.chosenTo + 1 });
  }

  private onFetch(peer: Peer, message: Fetch): void {
    if (message.slotFrom > this.core.learner.chosenTo)
      return this.core.ignore(peer.node, message.kind, "already known");
    this.teach(peer.node, message.slotFrom);
  }

  /** Chosen entries from `slotFrom` on: what is at hand at once, the rest by the host from its log or snapshot. */
  private teach(node: number, slotFrom: number): void {
    const { core } = this;
    const { messageEntriesMax, messageBytesMax } = core.config.limits;
    const entries: Entry[] = [];
    const floors: Ballot[] = [];
    let bytes = 0;
    for (let slot = slotFrom; slot <= core.learner.chosenTo && entries.length < messageEntriesMax; slot++) {
      const entry = core.votes.get(slot);
      if (entry === null) break;
      bytes += entry.bytes.length;
      if (bytes > messageBytesMax && entries.length > 0) break;
      if (entry.kind === "members") {
        const floor = core.learner.floorAt(slot);
        if (floor === null) break;
        floors.push(floor);
      }
      entries.push(entry);
    }
    if (entries.length === 0) {
      core.supply.push({ to: node, slotFrom, slotTo: core.learner.chosenTo });
      return;
    }
    core.send([node], { kind: "learn", entries, floors, chosenTo: core.learner.chosenTo });
  }

  private onLearn(peer: Peer, message: Learn): void {
    const { core } = this;
    if (this.leadership !== null && !this.leadership.wantsToLearn)
      return core.ignore(peer.node, message.kind, "not asked for");
    const before = core.learner.chosenTo;
    let floor = 0;
    for (const entry of message.entries) {
      const known = entry.kind === "members" ? message.floors[floor++]! : 0;
      if (entry.slot !== core.learner.chosenTo + 1) continue;
      core.acceptor.learn(entry);
      core.learner.choose(known, () => this.setChanged(false));
    }
    if (core.learner.chosenTo === before) return core.ignore(peer.node, message.kind, "already known");
    core.acceptor.advance();
    core.durability.refresh();
    this.acceptedDue = true;
    this.fetchedMs = -Infinity;
    if (message.chosenTo > core.learner.chosenTo) this.fetch(peer.node);
    this.leadership?.learned();
  }

  private onReadBound(peer: Peer, message: ReadBound): void {
    const { core } = this;
    if (message.life !== core.config.life || !core.reads.bound(message.token, message.bound)) {
      core.ignore(peer.node, message.kind, "not asked for");
    }
  }

  private onResign(peer: Peer, message: Resign): void {
    const { core } = this;
    if (!isOwner(peer.node, message.ballot)) return core.ignore(peer.node, message.kind, "malformed");
    core.grants.release(message.ballot);
    if (message.ballot < core.acceptor.promised) return core.ignore(peer.node, message.kind, "stale ballot");
    this.election.resigned(peer.node, message.successor);
    if (message.successor === core.config.self && this.leadership === null) {
      const ballot = nextBallot(Math.max(this.election.seen, core.acceptor.promised), core.config.self);
      if (!core.grants.forbids(ballot, core.nowMs)) this.campaign(ballot);
    }
  }

  // ── what follows from any input ──

  /** The cumulative `accepted`, made from the durable mark alone, and only while promised is its ballot (rule 2). */
  private sayAccepted(): void {
    const { core } = this;
    if (!this.acceptedDue) return;
    this.acceptedDue = false;
    const { durable } = core.durability;
    const { promised, voteBallot, mute } = core.acceptor;
    if (
      mute ||
      voteBallot === 0 ||
      durable.voteBallot !== voteBallot ||
      promised !== voteBallot ||
      durable.promised !== voteBallot
    )
      return;
    const leader = nodeOf(voteBallot);
    if (leader === core.config.self) return;
    core.send([leader], {
      kind: "accepted",
      ballot: voteBallot,
      acceptedTo: durable.acceptedTo,
      chosenTo: durable.chosenTo,
    });
  }

  /** A node outside the set in force asks whether the new set has what only it may have (rule 13). */
  private askWhetherRemoved(): void {
    const { core } = this;
    if (!this.wasMember || this.gone || core.nowMs < this.removedAskMs) return;
    if (core.isMember(core.config.self, core.config.incarnation)) return;
    this.removedAskMs = core.nowMs + core.config.electionTimeoutMs;
    if (core.learner.quorum.accept(this.removedTold)) {
      this.gone = true;
      core.events.push({ kind: "removed", slot: core.learner.governing.slot });
    } else core.send(core.otherVoters(), { kind: "canvass", ballot: 0, chosenTo: core.learner.chosenTo });
  }

  private drain(): void {
    const { core } = this;
    for (let message = core.loopback.shift(); message !== undefined; message = core.loopback.shift()) {
      this.dispatch(core.speaker, message);
    }
  }
}

const NOTHING: readonly never[] = [];

/** What was gathered in `list`, which is empty from now on. */
function taken<T>(list: T[]): readonly T[] {
  return list.length === 0 ? NOTHING : list.splice(0);
}
