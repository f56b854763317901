import { type Ballot, nextBallot, nodeOf } from "./ballot.ts";
import type { Core } from "./core.ts";
import type { Canvass, CanvassAnswer } from "./message.ts";
import type { Peer } from "./peers.ts";

/** After a suspicion the others may notice a little later: ask again this soon, plus a spread of the same. */
const HURRY_MS = 15;

/** Who carries a campaign out. */
export interface Campaigner {
  campaign(ballot: Ballot): void;
}

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
  private readonly core: Core;
  private readonly owner: Campaigner;

  constructor(core: Core, owner: Campaigner) {
    this.core = core;
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
    if (ballot > this.seen) this.seen = ballot;
    this.schedule();
  }

  /** This node led, or tried to, and does no more. */
  stoppedLeading(): void {
    this.forgetLeader();
    this.nextMs = this.core.nowMs + this.timeoutMs / 4 + this.draw(this.timeoutMs);
  }

  /** The leader of `ballot` says that it leads no more. */
  resigned(node: number, successor: number): void {
    if (node !== this.leader) return;
    this.forgetLeader();
    const patienceMs = successor === 0 ? this.draw(this.timeoutMs / 4) : this.timeoutMs + this.draw(this.timeoutMs);
    this.nextMs = this.core.nowMs + patienceMs;
  }

  /** The process of `node` is gone (rule 22). */
  suspect(node: number): void {
    if (node !== this.leader || this.gone) return;
    this.gone = true;
    this.nextMs = this.core.nowMs + this.draw(HURRY_MS);
  }

  tick(leading: boolean): void {
    const { core } = this;
    if (leading || core.nowMs < this.nextMs || !core.isVoter || core.acceptor.mute) return;
    if (core.nowMs - core.durability.waitingSinceMs > core.config.diskStallMs) return;
    const ballot = nextBallot(Math.max(this.seen, core.acceptor.promised), core.config.self);
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

  /** Whether this node would promise: it leads nobody, promised nothing higher, and no leader that it hears would be unseated. */
  wouldPromise(message: Canvass, leading: boolean): boolean {
    const { core } = this;
    if (leading || core.acceptor.mute || message.ballot <= core.acceptor.promised) return false;
    if (core.grants.forbids(message.ballot, core.nowMs)) return false;
    return this.gone || core.nowMs - this.heardMs >= this.timeoutMs;
  }

  answered(peer: Peer, message: CanvassAnswer): void {
    if (message.promised > this.seen) this.seen = message.promised;
    if (message.ballot !== this.canvassed || this.canvassed === 0) {
      this.core.ignore(peer.node, "canvass-answer", "not asked for");
      return;
    }
    if (!message.granted) return;
    this.yes |= this.core.learner.quorum.bit(peer.node, peer.incarnation);
    this.count();
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

/** Whether `node` owns `ballot`: nobody else may prepare or lead it. */
export function isOwner(node: number, ballot: Ballot): boolean {
  return nodeOf(ballot) === node;
}
