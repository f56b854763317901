import { type Ballot, isOwner, nextBallot } from "./ballot.ts";
import type { CatchUp } from "./catch-up.ts";
import type { Core } from "./core.ts";
import type { Leaving } from "./leaving.ts";
import type { Canvass, CanvassAnswer, Resign } from "./message.ts";
import type { Owner } from "./owner.ts";
import type { Peer } from "./peers.ts";

/** After a suspicion the others may notice a little later: ask again this soon, plus a spread of the same. */
const HURRY_MS = 15;

/**
 * Who leads, as this node believes, and when to ask for the lead. A candidate first canvasses, which changes nothing
 * anywhere; it campaigns only when a quorum of both kinds answers yes (rules 20 to 22).
 *
 * Source: H. Ng, S. Haridi, P. Carbone, *Omni-Paxos*, section 4 (quorum-connected leaders); D. Ongaro, *Consensus*, section 9.6 (pre-vote).
 */
export class Election {
  /** The node believed to lead; 0: none known. */
  leader = 0;
  /** Highest ballot heard of, promised or not. */
  seen: Ballot;
  private heardMs = 0;
  /** The leader resigned, or its process is gone: nobody need wait for it. */
  private gone = false;
  private nextMs = 0;
  private canvassed: Ballot = 0;
  private yes = 0;
  private draws = 0;
  /** Ballots promised since a leader was heard: the last one may still be on its way, the others came to nothing. */
  private fruitless = 0;
  private readonly core: Core;
  private readonly catchUp: CatchUp;
  private readonly leaving: Leaving;
  private readonly owner: Owner;

  constructor(core: Core, catchUp: CatchUp, leaving: Leaving, owner: Owner) {
    this.core = core;
    this.catchUp = catchUp;
    this.leaving = leaving;
    this.owner = owner;
    this.seen = core.acceptor.promised;
  }

  /** The node was started, or its event loop stood still: nobody is judged by the time that it missed. */
  start(nowMs: number): void {
    this.heardMs = nowMs;
    this.schedule();
    if (this.core.learner.quorum.voters.length === 1) this.nextMs = nowMs;
  }

  /** `node` leads in `ballot`, and was heard just now. */
  heard(node: number, ballot: Ballot): void {
    if (this.leader !== node) this.core.events.push({ kind: "leader-changed", leader: node, ballot });
    this.leader = node;
    this.gone = false;
    this.heardMs = this.core.nowMs;
    this.canvassed = 0;
    this.fruitless = 0;
    if (ballot > this.seen) this.seen = ballot;
    this.schedule();
  }

  /** This node campaigns. Returns how long it waits for the promises of a quorum. */
  campaigns(): number {
    this.fruitless++;
    return this.patienceMs;
  }

  /** This node promised the ballot of another one, which has its time now. */
  promised(): void {
    this.fruitless++;
    this.nextMs = this.core.nowMs + this.patienceMs + this.draw(this.patienceMs);
  }

  /** This node led, or tried to, and does no more. */
  stoppedLeading(led: boolean): void {
    if (led) this.fruitless = 0;
    this.forgetLeader();
    this.nextMs = this.core.nowMs + this.patienceMs / 4 + this.draw(this.patienceMs);
  }

  onResign(peer: Peer, message: Resign): void {
    const { core, owner } = this;
    if (!isOwner(peer.node, message.ballot)) return core.ignore(peer.node, message.kind, "malformed");
    core.grants.release(message.ballot, peer.incarnation);
    if (message.ballot < core.acceptor.promised) return core.ignore(peer.node, message.kind, "stale ballot");
    if (peer.node === this.leader) {
      this.forgetLeader();
      const patienceMs =
        message.successor === 0 ? this.draw(this.timeoutMs / 4) : this.timeoutMs + this.draw(this.timeoutMs);
      this.nextMs = core.nowMs + patienceMs;
    }
    if (message.successor !== core.config.self || owner.leadership !== null) return;
    const ballot = this.nextBallot();
    if (!core.grants.forbids(ballot, core.nowMs)) owner.campaign(ballot);
  }

  /** The process of `node` is gone (rule 22). */
  suspect(node: number): void {
    if (node !== this.leader || this.gone) return;
    this.gone = true;
    this.nextMs = this.core.nowMs + this.draw(HURRY_MS);
  }

  tick(leading: boolean): void {
    const { core } = this;
    if (leading || core.nowMs < this.nextMs || !core.isVoter || core.acceptor.mute || core.diskStalled) return;
    const ballot = this.nextBallot();
    this.nextMs =
      core.nowMs +
      (this.gone && this.leader !== 0
        ? HURRY_MS + this.draw(HURRY_MS)
        : this.timeoutMs / 2 + this.draw(this.timeoutMs));
    if (core.grants.forbids(ballot, core.nowMs)) return;
    this.canvassed = ballot;
    this.yes = core.learner.quorum.bit(core.config.self, core.config.incarnation);
    core.send(core.otherVoters(), { kind: "canvass", ballot, chosenTo: core.learner.chosenTo });
    this.count();
  }

  /** The lowest ballot of this node that is higher than any it promised or heard of. */
  nextBallot(): Ballot {
    return nextBallot(Math.max(this.seen, this.core.acceptor.promised), this.core.config.self);
  }

  onCanvass(peer: Peer, message: Canvass): void {
    const { core } = this;
    if (message.ballot !== 0 && !isOwner(peer.node, message.ballot))
      return core.ignore(peer.node, message.kind, "malformed");
    if (this.leaving.tell(peer, message.chosenTo)) return;
    const granted = message.ballot !== 0 && this.wouldPromise(message.ballot);
    const { promised } = core.acceptor;
    const chosenTo = core.durability.durable.chosenTo;
    core.send([peer.node], { kind: "canvass-answer", ballot: message.ballot, granted, promised, chosenTo });
  }

  onCanvassAnswer(peer: Peer, message: CanvassAnswer): void {
    const { core } = this;
    if (message.ballot === 0) return this.leaving.answered(peer, message.chosenTo);
    if (message.promised > this.seen) this.seen = message.promised;
    if (message.ballot !== this.canvassed || this.canvassed === 0) {
      core.ignore(peer.node, message.kind, "not asked for");
    } else if (message.granted) {
      this.yes |= core.learner.quorum.bit(peer.node, peer.incarnation);
      this.count();
    }
    if (message.chosenTo > core.learner.chosenTo) this.catchUp.fetch(peer.node);
  }

  /** This node leads nobody, promised nothing higher, could promise now, and no leader that it hears would be unseated (rule 20). */
  private wouldPromise(ballot: Ballot): boolean {
    const { core } = this;
    if (this.owner.leadership !== null || core.acceptor.mute || ballot <= core.acceptor.promised) return false;
    // Its promise would wait for the disk, and candidates would go on outbidding each other meanwhile.
    if (core.diskStalled) return false;
    if (core.grants.forbids(ballot, core.nowMs)) return false;
    return this.gone || core.nowMs - this.heardMs >= this.timeoutMs;
  }

  /** Whether someone leads, as far as this node hears. */
  get hearsLeader(): boolean {
    return this.leader !== 0 && !this.gone && this.core.nowMs - this.heardMs < this.timeoutMs;
  }

  /** For `fingerprint`. */
  state(): readonly unknown[] {
    return [this.leader, this.gone, this.canvassed, this.yes, this.seen];
  }

  private count(): void {
    const { quorum } = this.core.learner;
    if (!quorum.prepare(this.yes) || !quorum.accept(this.yes)) return;
    const ballot = this.canvassed;
    this.canvassed = 0;
    this.nextMs = this.core.nowMs + this.timeoutMs + this.draw(this.timeoutMs);
    this.owner.campaign(ballot);
  }

  private forgetLeader(): void {
    if (this.leader !== 0) this.core.events.push({ kind: "leader-changed", leader: 0, ballot: this.seen });
    this.leader = 0;
    this.gone = true;
    this.canvassed = 0;
  }

  private schedule(): void {
    const { priority, limits } = this.core.config;
    const lacks = this.core.acceptor.acceptedTo - this.core.learner.chosenTo > limits.windowSlots;
    this.nextMs =
      this.heardMs + this.timeoutMs + (this.draw(this.timeoutMs) * (8 - priority)) / 8 + (lacks ? this.timeoutMs : 0);
  }

  private get timeoutMs(): number {
    return this.core.config.electionTimeoutMs;
  }

  /**
   * How long a campaign may take: an election timeout, and twice as long after each ballot that came to nothing; but no longer than two
   * disks may take that are not stalled, the candidate's and then a promiser's, and a timeout. With less, slow disks would never have a leader.
   */
  private get patienceMs(): number {
    const doublings = Math.min(Math.max(this.fruitless - 1, 0), 30);
    return Math.min(this.timeoutMs * 2 ** doublings, this.timeoutMs + 2 * this.core.config.diskStallMs);
  }

  /** 0 … below `belowMs`, keyed by seed, node and how often was drawn. */
  private draw(belowMs: number): number {
    let hash =
      Math.imul(this.core.config.seed ^ (this.core.config.self * 0x9e3779b1), 0x85ebca6b) ^
      Math.imul(++this.draws, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
    return (((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32) * belowMs;
  }
}
