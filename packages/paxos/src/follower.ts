import { type Ballot, isOwner, nodeOf } from "./ballot.ts";
import type { CatchUp } from "./catch-up.ts";
import type { Core } from "./core.ts";
import type { Election } from "./election.ts";
import type { Leaving } from "./leaving.ts";
import type { Accept, Heartbeat, Prepare } from "./message.ts";
import type { Owner } from "./owner.ts";
import type { Peer } from "./peers.ts";

/**
 * What a node does in a ballot, whoever owns it: it promises, votes, takes as chosen what is acknowledged, grants a lease,
 * and answers with what its disk holds.
 *
 * Source: L. Lamport, *Paxos Made Simple*, section 2.2, phases 1b and 2b; rules 2, 4, 15 and 19.
 */
export class Follower {
  /** Something changed that the leader may wait for: the coming output says `accepted`. */
  acceptedDue = false;
  /** The watermark last said, and the ballot that it was said in. */
  private saidTo = 0;
  private saidIn: Ballot = 0;
  private readonly core: Core;
  private readonly election: Election;
  private readonly catchUp: CatchUp;
  private readonly leaving: Leaving;
  private readonly owner: Owner;

  constructor(core: Core, election: Election, catchUp: CatchUp, leaving: Leaving, owner: Owner) {
    this.core = core;
    this.election = election;
    this.catchUp = catchUp;
    this.leaving = leaving;
    this.owner = owner;
  }

  onPrepare(peer: Peer, message: Prepare): void {
    const { core } = this;
    const { acceptor } = core;
    const { ballot } = message;
    if (!isOwner(peer.node, ballot)) return core.ignore(peer.node, message.kind, "malformed");
    if (acceptor.mute) return core.ignore(peer.node, message.kind, "not a voter");
    if (this.leaving.tell(peer, message.chosenTo)) return;
    if (core.isReplaced(peer.node, peer.incarnation, message.chosenTo))
      return core.ignore(peer.node, message.kind, "old disk");
    if (ballot < acceptor.promised)
      return core.send([peer.node], { kind: "reject", ballot, promised: acceptor.promised });
    if (core.grants.forbids(ballot, core.nowMs)) return core.ignore(peer.node, message.kind, "lease granted");
    if (this.promise(ballot)) this.election.promised();
    if (ballot > this.election.seen) this.election.seen = ballot;
    core.sendWhenDurable([peer.node], acceptor.promise(message.slotFrom));
  }

  onAccept(peer: Peer, message: Accept): void {
    const { core } = this;
    if (!this.follow(peer, message)) return;
    if (!core.acceptor.mute && core.acceptor.accept(message.entries)) core.ignore(peer.node, message.kind, "gap");
    this.acknowledged(peer.node, message.ballot, message.ackFrom, message.ackTo);
    this.acceptedDue = true;
  }

  onHeartbeat(peer: Peer, message: Heartbeat): void {
    const { core } = this;
    if (!this.follow(peer, message)) return;
    this.acknowledged(peer.node, message.ballot, message.ackFrom, message.ackTo);
    if (message.chosenTo > core.learner.chosenTo) this.catchUp.fetch(peer.node);
    if (core.acceptor.mute) return;
    const { leaseMs } = core.learner.governing.members;
    const { durable } = core.durability;
    const answer = {
      kind: "heartbeat-answer",
      ballot: message.ballot,
      life: peer.life,
      round: message.round,
      acceptedTo: durable.voteBallot === message.ballot ? durable.acceptedTo : message.startSlot - 1,
      chosenTo: durable.chosenTo,
      grantedMs: leaseMs,
    } as const;
    if (leaseMs > core.grants.longestMs) {
      core.grants.longestMs = leaseMs;
      core.durability.record({ kind: "lease", leaseMsMax: leaseMs });
    }
    if (leaseMs > 0) core.grants.grant(message.ballot, peer.incarnation, core.nowMs, leaseMs);
    if (durable.leaseMsMax >= leaseMs && durable.promised === message.ballot) core.send([peer.node], answer);
    else core.sendWhenDurable([peer.node], answer);
  }

  /** The cumulative `accepted`, made from the durable mark alone, and only while promised is its ballot (rule 2). */
  sayAccepted(): void {
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
    // What was said is said again only where nothing more is on its way to the disk: that will speak for itself.
    const said = this.saidIn === voteBallot && this.saidTo === durable.acceptedTo;
    if (said && durable.acceptedTo < core.acceptor.acceptedTo) return;
    this.saidIn = voteBallot;
    this.saidTo = durable.acceptedTo;
    core.send([leader], {
      kind: "accepted",
      ballot: voteBallot,
      acceptedTo: durable.acceptedTo,
      chosenTo: durable.chosenTo,
    });
  }

  /** Returns whether that was news. */
  private promise(ballot: Ballot): boolean {
    if (!this.core.acceptor.raise(ballot)) return false;
    this.core.events.push({ kind: "ballot-raised", ballot });
    this.owner.raised();
    return true;
  }

  /** Whether the accepts and heartbeats of `ballot` are followed from now on. */
  private follow(peer: Peer, { kind, ballot, startSlot, ackTo: chosenTo }: Accept | Heartbeat): boolean {
    const { core } = this;
    const { acceptor } = core;
    if (!isOwner(peer.node, ballot)) core.ignore(peer.node, kind, "malformed");
    else if (core.isReplaced(peer.node, peer.incarnation, chosenTo)) core.ignore(peer.node, kind, "old disk");
    else if (ballot < acceptor.promised)
      core.send([peer.node], { kind: "reject", ballot, promised: acceptor.promised });
    else if (core.grants.forbids(ballot, core.nowMs)) core.ignore(peer.node, kind, "lease granted");
    else {
      if (!acceptor.mute) {
        this.promise(ballot);
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

  /** Rule 15: slots counted in this very ballot, of which what is held here was accepted in it or in a higher one. */
  private acknowledged(leader: number, ballot: Ballot, ackFrom: number, ackTo: number): void {
    const { core } = this;
    while (core.learner.chosenTo < ackTo) {
      const next = core.learner.chosenTo + 1;
      const vote = core.votes.get(next);
      if (next < ackFrom || vote === null || vote.ballot < ballot || core.acceptor.isFaulty(next)) break;
      core.learner.choose(ballot, () => this.owner.setChanged(false));
    }
    core.acceptor.advance();
    core.durability.refresh();
    if (core.learner.chosenTo < ackTo) this.catchUp.fetch(leader);
  }
}
