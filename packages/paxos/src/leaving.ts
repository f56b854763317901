import type { CatchUp } from "./catch-up.ts";
import type { Core } from "./core.ts";
import type { Peer } from "./peers.ts";

/**
 * Rule 13. A node outside the set in force answers those who do not know of that with the change itself. It is gone for good only once an accept
 * quorum of the new set holds durably everything up to the change, and that it is chosen. Until then whoever does not vote in the new set asks it, whether it
 * is outside of it or stays without a vote: its voters may know of the change from nobody else, and whoever does not vote can have nothing chosen.
 */
export class Leaving {
  private wasMember: boolean;
  /** An accept quorum of the set in force has it all. */
  private known = false;
  /** When the new set is asked next. */
  private askMs = 0;
  /** Bits of the voters of the new set that have it all. */
  private told = 0;
  private readonly core: Core;
  private readonly catchUp: CatchUp;

  /** `chosenTo`: what recovery knew chosen. */
  constructor(core: Core, catchUp: CatchUp, chosenTo: number) {
    this.core = core;
    this.catchUp = catchUp;
    // Nobody but a member learns anything: what is chosen here was learned as one.
    this.wasMember = chosenTo > 0 || this.isMember;
  }

  /** Another set of members is in force. */
  setChanged(): void {
    if (this.isMember) {
      this.wasMember = true;
      // Who is gone stays so until it comes back: when it is removed once more, the next set has to be asked too.
      this.known = false;
    }
    this.told = 0;
  }

  /** Whoever does not know that a set without it, or without us, is in force is told. Returns whether it cannot be answered otherwise. */
  tell(peer: Peer, chosenTo: number): boolean {
    const { core } = this;
    const { slot } = core.learner.governing;
    if (chosenTo >= slot) return false;
    const selfRemoved = this.wasMember && !this.isMember;
    if (!selfRemoved && core.isMember(peer.node, peer.incarnation)) return false;
    this.catchUp.teach(peer.node, chosenTo + 1);
    return selfRemoved;
  }

  /** Asks whether the new set has what only this node may have. */
  tick(): void {
    const { core } = this;
    if (!this.wasMember || this.known || core.nowMs < this.askMs || core.isVoter) return;
    this.askMs = core.nowMs + core.config.electionTimeoutMs;
    if (core.learner.quorum.accept(this.told)) {
      this.known = true;
      if (!this.isMember) core.events.push({ kind: "removed", slot: core.learner.governing.slot });
    } else core.send(core.otherVoters(), { kind: "canvass", ballot: 0, chosenTo: core.learner.chosenTo });
  }

  /** `peer` knows everything to `chosenTo` chosen, durably. */
  answered(peer: Peer, chosenTo: number): void {
    const { learner } = this.core;
    if (chosenTo < learner.governing.slot) this.catchUp.teach(peer.node, chosenTo + 1);
    else this.told |= learner.quorum.bit(peer.node, peer.incarnation);
  }

  private get isMember(): boolean {
    return this.core.isMember(this.core.config.self, this.core.config.incarnation);
  }
}
