import type { Core } from "./core.ts";
import type { Refusal } from "./engine.ts";
import type { Owner } from "./owner.ts";
import type { Peer } from "./peers.ts";

/** How a lead ends in good order: by transfer to a node that was named, or because the set in force is without its leader. */
export class Handover {
  /** The node that is to take over; 0: none. Nothing new is proposed meanwhile. */
  heir = 0;
  private untilMs = Infinity;
  private departUntilMs = Infinity;
  private readonly core: Core;
  private readonly owner: Owner;

  constructor(core: Core, owner: Owner) {
    this.core = core;
    this.owner = owner;
  }

  offer(node: number): Refusal | null {
    const { core } = this;
    const voter = core.learner.quorum.voters.find((member) => member.node === node);
    if (voter === undefined || node === core.config.self) return { why: `node ${node} is not another voter` };
    const peer = core.peers.of(node, voter.incarnation);
    if (core.nowMs - peer.answeredMs > core.config.electionTimeoutMs)
      return { why: `node ${node} has not answered for an election timeout` };
    this.heir = node;
    this.untilMs = core.nowMs + core.config.electionTimeoutMs;
    return null;
  }

  /** Resigns in favour of the heir, once it holds everything to `proposedTo`. */
  finish(proposedTo: number): void {
    if (this.heir === 0) return;
    const { learner, peers } = this.core;
    const voter = learner.quorum.voters.find((member) => member.node === this.heir);
    if (voter === undefined) this.heir = 0;
    else if (peers.of(voter.node, voter.incarnation).acceptedTo >= proposedTo)
      this.owner.resign("handed over", voter.node);
  }

  setChanged(): void {
    if (!this.core.isVoter) this.departUntilMs = this.core.nowMs + 2 * this.core.config.electionTimeoutMs;
  }

  /** A leader outside the set in force stays until the new set has it all (rule 13), then names the one who is furthest. */
  depart(): void {
    const { learner, peers, isVoter } = this.core;
    const { slot } = learner.governing;
    if (isVoter || slot === 0 || learner.chosenTo < slot) return;
    let told = 0;
    let best: Peer | null = null;
    for (const [index, voter] of learner.quorum.voters.entries()) {
      const peer = peers.of(voter.node, voter.incarnation);
      if (peer.chosenTo < slot) continue;
      told |= 1 << index;
      if (best === null || peer.acceptedTo > best.acceptedTo) best = peer;
    }
    if (learner.quorum.accept(told)) this.owner.resign("no longer a member", best?.node ?? 0);
  }

  /** Time has passed: an offer that was not taken lapses. Returns whether a leader outside the set has waited long enough. */
  overdue(): boolean {
    const { nowMs } = this.core;
    if (nowMs >= this.departUntilMs) return true;
    if (nowMs >= this.untilMs) this.heir = 0;
    return false;
  }
}
