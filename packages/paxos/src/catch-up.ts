import type { Ballot } from "./ballot.ts";
import type { Core } from "./core.ts";
import type { Entry } from "./entry.ts";
import type { IgnoreReason } from "./events.ts";
import type { Fetch, Learn } from "./message.ts";
import type { Owner } from "./owner.ts";
import type { Peer } from "./peers.ts";

/**
 * How a node comes to know what was chosen without it: it fetches, and whoever has the entries teaches it. What is no longer
 * at hand is read by the host, from its log or as a snapshot.
 */
export class CatchUp {
  private fetchedMs = -Infinity;
  private readonly core: Core;
  private readonly owner: Owner;

  constructor(core: Core, owner: Owner) {
    this.core = core;
    this.owner = owner;
  }

  /** Asks `node` for what is chosen above chosenTo; at most once a heartbeat. */
  fetch(node: number): void {
    const { core } = this;
    if (core.nowMs - this.fetchedMs < core.config.heartbeatMs) return;
    this.fetchedMs = core.nowMs;
    core.send([node], { kind: "fetch", slotFrom: core.learner.chosenTo + 1 });
  }

  onFetch(peer: Peer, message: Fetch): void {
    if (message.slotFrom > this.core.learner.chosenTo)
      return this.core.ignore(peer.node, message.kind, "already known");
    this.teach(peer.node, message.slotFrom);
  }

  /** Chosen entries from `slotFrom` on: what is at hand at once, the rest by the host from its log or snapshot. */
  teach(node: number, slotFrom: number): void {
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

  onLearn(peer: Peer, message: Learn): void {
    const { core, owner } = this;
    if (owner.leadership !== null && !owner.leadership.wantsToLearn)
      return core.ignore(peer.node, message.kind, "not asked for");
    const before = core.learner.chosenTo;
    const refused = this.learnAll(message);
    if (refused !== null) core.ignore(peer.node, message.kind, refused);
    if (core.learner.chosenTo === before) return;
    core.acceptor.advance();
    core.durability.refresh();
    this.fetchedMs = -Infinity;
    if (message.chosenTo > core.learner.chosenTo) this.fetch(peer.node);
    owner.learned();
  }

  /** Takes what continues what is known. Returns why some of it, or all, was not taken. */
  private learnAll({ entries, floors }: Learn): IgnoreReason | null {
    const { core, owner } = this;
    let taken = 0;
    let floor = 0;
    for (const entry of entries) {
      const known = entry.kind === "members" ? floors[floor++]! : 0;
      if (entry.slot !== core.learner.chosenTo + 1) continue;
      if (!core.acceptor.mayLearn(entry)) return "contradiction";
      core.acceptor.learn(entry);
      core.learner.choose(known, () => owner.setChanged(false));
      taken++;
    }
    return taken === 0 ? "already known" : null;
  }
}
