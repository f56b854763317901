import type { PeerMessage, StoredRecord } from "@quorate/log";
import {
  type Durable,
  type DurableRecord,
  type HeartbeatAnswer,
  type Output,
  type PromiseMessage,
  showBallot,
  SLOT_MAX,
  type Speaker,
} from "@quorate/paxos";
import type { GhostNode } from "../ghost/ghost-node.ts";
import { showValue, type Value } from "../ghost/value.ts";
import { Checker } from "./checker.ts";

/** To where the watermark of a node in a ballot was found to be on its disk. */
interface Verified {
  readonly ballot: number;
  to: number;
}

/** A1 to A5: what an acceptor promises, accepts and says, and that its disk implies what it says at the moment when it says it. */
export class AcceptorChecker extends Checker {
  readonly #verified = new Map<GhostNode, Verified>();

  override began(node: GhostNode, durable: Durable): void {
    this.#verified.delete(node);
    const { everPromised: promised } = node;
    if (durable.promised < promised && !durable.promisedLost) {
      this.report(
        "A1",
        `node ${node.id} starts with promised ${showBallot(durable.promised)}; its disk held ${showBallot(promised)}`,
      );
    }
  }

  override recorded(node: GhostNode, record: DurableRecord, value: Value | null): void {
    if (record.kind === "promised" && record.ballot < node.promised) {
      const ballots = `${showBallot(record.ballot)} after ${showBallot(node.promised)}`;
      this.report("A1", `node ${node.id} writes that it promised ${ballots}`);
    }
    if (record.kind !== "accepted") return;
    const { slot, ballot } = record.entry;
    const chosen = slot <= this.ghost.log.chosenTo ? this.ghost.log.chosen(slot) : null;
    if (chosen !== value && ballot !== node.promised) {
      const promised = `its promised ballot is ${showBallot(node.promised)}`;
      this.report("A3", `node ${node.id} accepts slot ${slot} in ballot ${showBallot(ballot)}, while ${promised}`);
    }
    for (const before of node.recorded(slot)) {
      if (before.ballot === ballot && before.value !== value) {
        const both = `${showValue(before.value)} and ${showValue(value!)}`;
        this.report("A4", `node ${node.id} votes in slot ${slot}, ballot ${showBallot(ballot)}, for ${both}`);
      }
    }
  }

  override outputOf(node: GhostNode, output: Output): void {
    if (output.promised < node.promised) {
      const ballots = `${showBallot(output.promised)}, and has written ${showBallot(node.promised)}`;
      this.report("A3", `node ${node.id} says that it promised ${ballots}`);
    }
  }

  override held(node: GhostNode, record: StoredRecord): void {
    if (record.kind === "faulty") this.#verified.delete(node);
  }

  override said(node: GhostNode, _speaker: Speaker, message: PeerMessage): void {
    switch (message.kind) {
      case "prepare":
        return this.#promisedIsHeld(node, message.ballot, "prepare");
      case "promise":
        this.#promisedIsHeld(node, message.ballot, "promise");
        return this.#promises(node, message);
      case "accepted":
        this.#promisedIsHeld(node, message.ballot, "accepted");
        this.#votesAreHeld(node, message.ballot, message.acceptedTo, "accepted");
        return this.#chosenIsHeld(node, message.chosenTo, "accepted");
      case "heartbeat-answer":
        return this.#answers(node, message);
      case "canvass-answer":
        return this.#chosenIsHeld(node, message.chosenTo, "canvass-answer");
      case "reject":
        this.coverage.hit("ballot rejected");
        return;
      default:
        return;
    }
  }

  #answers(node: GhostNode, message: HeartbeatAnswer): void {
    this.#promisedIsHeld(node, message.ballot, "heartbeat-answer");
    this.#votesAreHeld(node, message.ballot, message.acceptedTo, "heartbeat-answer");
    this.#chosenIsHeld(node, message.chosenTo, "heartbeat-answer");
    if (message.grantedMs > node.disk.leaseMsMax) {
      const grant = `a lease of ${message.grantedMs} ms; its disk knows of ${node.disk.leaseMsMax} ms at most`;
      this.report("A2", `node ${node.id} grants in ballot ${showBallot(message.ballot)} ${grant}${lastSync(node)}`);
    }
  }

  #promisedIsHeld(node: GhostNode, ballot: number, kind: string): void {
    if (node.disk.promised < ballot) {
      const lacks = `its disk has promised ${showBallot(node.disk.promised)} and no record of that ballot`;
      this.report("A2", `node ${node.id} sends ${kind} of ballot ${showBallot(ballot)}; ${lacks}${lastSync(node)}`);
    }
    if (kind !== "prepare" && (ballot < node.promisedBefore || ballot > node.promised)) {
      const promised = `its promised ballot is ${showBallot(node.promised)}`;
      this.report("A3", `node ${node.id} sends ${kind} of ballot ${showBallot(ballot)}, while ${promised}`);
    }
  }

  /** A watermark: every slot from where the ballot starts is held in that ballot, or what is held there is chosen. */
  #votesAreHeld(node: GhostNode, ballot: number, acceptedTo: number, kind: string): void {
    const led = this.ghost.ballots.get(ballot);
    if (led === undefined || led.startSlot === 0) {
      if (acceptedTo > 0) {
        this.report("A2", `node ${node.id} sends ${kind} of ballot ${showBallot(ballot)}, in which nobody led`);
      }
      return;
    }
    let verified = this.#verified.get(node);
    if (verified?.ballot !== ballot) this.#verified.set(node, (verified = { ballot, to: led.startSlot - 1 }));
    while (verified.to < acceptedTo) {
      const slot = verified.to + 1;
      const vote = node.disk.votes.get(slot);
      if (vote?.ballot !== ballot && slot > node.heldTo(this.ghost.log)) {
        const chosen = this.ghost.log.chosen(slot);
        if (vote === undefined || chosen !== vote.value) {
          const lacks = `its disk has ${vote === undefined ? "nothing" : `a vote in ${showBallot(vote.ballot)}`} in slot ${slot}`;
          const says = `${kind} of ballot ${showBallot(ballot)} to slot ${acceptedTo}`;
          this.report("A2", `node ${node.id} sends ${says}; ${lacks}${lastSync(node)}`);
          return;
        }
      }
      verified.to = slot;
    }
  }

  #chosenIsHeld(node: GhostNode, chosenTo: number, kind: string): void {
    if (chosenTo <= node.heldTo(this.ghost.log)) return;
    const held = `its disk holds what is chosen to slot ${node.heldTo(this.ghost.log)}`;
    this.report("A2", `node ${node.id} sends ${kind} with chosen to ${chosenTo}; ${held}${lastSync(node)}`);
  }

  /** A5: everything accepted before it was asked, in the slots that the page speaks for. And A2: all of it durable. */
  #promises(node: GhostNode, page: PromiseMessage): void {
    const { ballot } = page;
    const from = Math.max(page.slotFrom, page.chosenTo + 1);
    if (page.votes.length > 0) this.coverage.hit("promise carrying a vote");
    if (page.chosenTo > this.ghost.log.chosenTo) {
      const chosen = `chosen is what stands to slot ${this.ghost.log.chosenTo}`;
      this.report("A5", `node ${node.id} promises ${showBallot(ballot)} from slot ${page.chosenTo + 1} on; ${chosen}`);
    }
    for (const vote of page.votes) {
      const value = this.ghost.values.of(vote);
      const held = node.disk.votes.get(vote.slot);
      const isHeld =
        held !== undefined && (held.ballot > vote.ballot || (held.ballot === vote.ballot && held.value === value));
      if (isHeld || vote.slot <= node.disk.snapshotTo) continue;
      const says = `a vote of ballot ${showBallot(vote.ballot)} in slot ${vote.slot} in its promise of ${showBallot(ballot)}`;
      this.report("A2", `node ${node.id} reports ${says}, which its disk does not hold${lastSync(node)}`);
    }
    const askedAt = node.prepared.get(ballot);
    if (askedAt === undefined) {
      this.report("A5", `node ${node.id} promises ${showBallot(ballot)} unasked`);
      return;
    }
    const top = page.slotTo === SLOT_MAX ? node.topSlot : Math.min(page.slotTo, node.topSlot);
    for (let slot = from; slot <= top; slot++) this.#reports(node, page, slot, askedAt);
  }

  #reports(node: GhostNode, page: PromiseMessage, slot: number, askedAt: number): void {
    if (page.faulty.includes(slot)) return;
    let highest = 0;
    for (const vote of node.recorded(slot)) if (vote.at < askedAt && vote.ballot > highest) highest = vote.ballot;
    if (highest === 0) return;
    const told = page.votes.find((vote) => vote.slot === slot);
    if (told !== undefined && told.ballot >= highest) return;
    const vote = `its vote of ballot ${showBallot(highest)} in slot ${slot}`;
    const instead = told === undefined ? "says nothing" : `tells of ballot ${showBallot(told.ballot)}`;
    this.report("A5", `node ${node.id} promises ${showBallot(page.ballot)} and ${instead} about ${vote}`);
  }
}

function lastSync(node: GhostNode): string {
  return ` (its last sync ended at ${node.lastSyncMs.toFixed(3)} ms)`;
}
