import type { PeerMessage } from "@quorate/log";
import {
  decodeMembers,
  type DurableRecord,
  type Entry,
  type Members,
  type Output,
  sameMembers,
  showBallot,
  type Speaker,
} from "@quorate/paxos";
import type { GhostBallot } from "../ghost/ghost-ballot.ts";
import type { GhostNode } from "../ghost/ghost-node.ts";
import { showValue, type Value } from "../ghost/value.ts";
import { Checker } from "./checker.ts";

/** G1 to G6: whose votes count where, when a set may change, and that a disk which lost its votes has lost its name. G4 stands with B4. */
export class MembershipChecker extends Checker {
  /** Lives of disks that were wiped. */
  readonly #gone = new Set<string>();
  /** Slots in which somebody proposed a change. */
  readonly #changes = new Set<number>();

  /** G1. */
  override outputOf(node: GhostNode, { governing }: Output): void {
    if (node.governing === governing) return;
    const { log } = this.ghost;
    const set = log.sets.find(({ slot }) => slot === governing.slot);
    if (set === undefined || !sameMembers(set.members, governing.members)) {
      const there = set === undefined ? "no set was chosen there" : `chosen there was ${showSet(set.members)}`;
      const says = `node ${node.id} is governed by ${showSet(governing.members)} of slot ${governing.slot}`;
      this.report("G1", `${says}, but ${there}`);
    }
    const promised = Math.max(node.promised, node.disk.promised);
    if (promised < governing.floor) {
      const floor = `the set of slot ${governing.slot} with the floor ${showBallot(governing.floor)}`;
      this.report("G6", `node ${node.id} knows ${floor} and has promised ${showBallot(promised)}`);
    }
  }

  override recorded(node: GhostNode, record: DurableRecord, value: Value | null): void {
    if (record.kind !== "accepted" || node.governing === null) return;
    const { slot, ballot } = record.entry;
    const { log } = this.ghost;
    const chosen = slot <= log.chosenTo ? log.chosen(slot) : null;
    if (chosen === value) return;
    if (record.entry.kind === "members" && slot > log.chosenTo && node.heldTo(log) < slot - 1) {
      this.coverage.hit("slots in flight below an open membership change");
    }
    if (slot > node.governing.slot && ballot < node.governing.floor) {
      const floor = `the floor of the set of slot ${node.governing.slot} is ${showBallot(node.governing.floor)}`;
      this.report("G6", `node ${node.id} votes in slot ${slot}, ballot ${showBallot(ballot)}; ${floor}`);
    }
    const change = this.#openChange(ballot, slot);
    if (change > 0) {
      const above = `slot ${slot}, ballot ${showBallot(ballot)}, above a change of members in slot ${change}`;
      this.report("G2", `node ${node.id} votes in ${above} that is not chosen: ${log.describe(change, showBallot)}`);
    }
  }

  /** The slot of a change below that the ballot proposes and that is not chosen; 0: there is none. */
  #openChange(ballot: number, slot: number): number {
    const led = this.ghost.ballots.get(ballot);
    if (led === undefined) return 0;
    for (const change of this.#changes) {
      if (change >= slot || change <= this.ghost.log.chosenTo) continue;
      if (led.proposals.get(change)?.kind === "members") return change;
    }
    return 0;
  }

  override proposed(node: GhostNode, led: GhostBallot, _entry: Entry, value: Value, before: Value | null): void {
    if (before !== null) return;
    const { log } = this.ghost;
    const { slot } = value;
    const open = this.#openChange(led.ballot, slot);
    if (open > 0) {
      const above = `slot ${slot} in ballot ${showBallot(led.ballot)}, above its change of members in slot ${open}`;
      this.report(value.kind === "members" ? "G3" : "G2", `node ${node.id} proposes ${above}, which is not chosen`);
    }
    if (value.kind !== "members") return;
    this.#changes.add(slot);
    if (value.origin !== led.ballot) return;
    const isOpen = node.opening === led.ballot || node.openingBefore === led.ballot;
    if (slot - 1 > log.chosenTo || !isOpen || !this.ghost.hasChosen(led.ballot, slot - 1)) {
      const why =
        slot - 1 > log.chosenTo
          ? `chosen is what stands to slot ${log.chosenTo}`
          : `nothing that it proposed is chosen, or it is open in ${showBallot(node.opening)}`;
      this.report("G3", `node ${node.id} proposes a change in slot ${slot}, ballot ${showBallot(led.ballot)}; ${why}`);
    }
    if (decodeMembers(value.bytes) === null) {
      this.report("G1", `node ${node.id} proposes ${showValue(value)} in slot ${slot}, which is no set of members`);
    }
  }

  override diskReplaced(id: number, empty: boolean): void {
    const { member } = this.ghost.node(id);
    if (empty && member.incarnation !== 0) this.#gone.add(`${id} ${member.incarnation}`);
  }

  /** G5, G6. */
  override said(node: GhostNode, speaker: Speaker, message: PeerMessage): void {
    const known = node.governingBefore;
    if (message.kind === "promise" && known !== null && message.ballot < known.floor) {
      const floor = `the floor of the set of slot ${known.slot} is ${showBallot(known.floor)}`;
      this.report("G6", `node ${node.id} promises ${showBallot(message.ballot)}; ${floor}`);
    }
    if (this.#gone.size === 0 || !this.#gone.has(`${speaker.node} ${speaker.incarnation}`)) return;
    if (message.kind !== "promise" && message.kind !== "accepted" && message.kind !== "heartbeat-answer") return;
    const name = `node ${speaker.node}, incarnation ${speaker.incarnation}`;
    this.report(
      "G5",
      `${name}, sends ${message.kind} of ballot ${showBallot(message.ballot)} from a disk that lost its votes`,
    );
  }
}

function showSet({ voters, nonVoters }: Members): string {
  const others = nonVoters.length === 0 ? "" : ` (without a vote ${nonVoters.map(({ node }) => node).join(", ")})`;
  return `{${voters.map(({ node }) => node).join(", ")}}${others}`;
}
