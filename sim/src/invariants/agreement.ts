import { type Durable, type Entry, type Output, showBallot } from "@quorate/paxos";
import type { GhostNode } from "../ghost/ghost-node.ts";
import type { Vote } from "../ghost/ghost-log.ts";
import { commandsOf, showValue, type Value } from "../ghost/value.ts";
import { Checker } from "./checker.ts";

/** C1 to C4: one value a slot, known chosen only where it is, on enough disks for ever, and asked for by somebody. */
export class AgreementChecker extends Checker {
  /** Commands that a client has sent, by session and number, with the checksum of what it asked. */
  readonly #submitted = new Map<string, number>();

  override requestSent(_client: number, session: number, number: number, machine: string, command: Uint8Array): void {
    this.#submitted.set(`${session}:${number}`, digestOf(machine, command));
  }

  override chosen(vote: Vote, before: Value | null): void {
    const { value, ballot } = vote;
    if (before === null) return this.#isValid(vote);
    if (before === value) return;
    const first = this.ghost.log.choice(value.slot)!;
    const one = `${showValue(before)} in ballot ${showBallot(first.ballot)} at nodes ${nodesOf(first)}`;
    const other = `${showValue(value)} in ballot ${showBallot(ballot)} at nodes ${nodesOf(vote)}`;
    this.report("C1", `slot ${value.slot} has two chosen values: ${one}; ${other}`);
  }

  /** C4. */
  #isValid({ value, ballot }: Vote): void {
    if (value.kind !== "batch") return;
    for (const { request, machine, command } of commandsOf(value.bytes)) {
      const id = `${request.session}:${request.number}`;
      const submitted = this.#submitted.get(id);
      if (submitted === digestOf(machine, command)) continue;
      const what = submitted === undefined ? "which no client sent" : "which its client sent with other words";
      this.report("C4", `slot ${value.slot}, ballot ${showBallot(ballot)}, holds ${machine} ${id}, ${what}`);
      return;
    }
  }

  override outputOf(node: GhostNode, output: Output): void {
    const { log } = this.ghost;
    for (const entry of output.chosen) if (!this.#isChosen(node, entry)) return;
    if (output.chosenTo > log.chosenTo) {
      const next = log.chosenTo + 1;
      const held = log.describe(next, showBallot) || "nothing";
      this.report(
        "C2",
        `node ${node.id} knows slot ${output.chosenTo} to be chosen; of slot ${next} the disks hold ${held}`,
      );
    }
  }

  #isChosen(node: GhostNode, entry: Entry): boolean {
    const { log } = this.ghost;
    const { slot } = entry;
    const value = this.ghost.values.of(entry);
    const chosen = slot <= log.chosenTo ? log.chosen(slot) : null;
    if (chosen === value) return true;
    const held = log.describe(slot, showBallot) || "nothing";
    const instead = chosen === null ? `the disks hold ${held}` : `chosen is ${showValue(chosen)}`;
    this.report("C2", `node ${node.id} takes ${showValue(value)} for chosen in slot ${slot}; ${instead}`);
    return false;
  }

  /** C3: looked at whenever a disk may hold less than before. */
  override began(node: GhostNode, _durable: Durable): void {
    if (node.refused) return;
    const { log } = this.ghost;
    for (let slot = node.heldTo(log) + 1; slot <= log.chosenTo; slot++) {
      if (this.#holds(node, slot)) continue;
      if (!this.#survives(slot, log.chosenTo)) {
        const held = log.describe(slot, showBallot);
        this.report(
          "C3",
          `node ${node.id} came back without slot ${slot}, and no prepare quorum is sure to meet it; it was ${held}`,
        );
        return;
      }
    }
  }

  /** Whether every prepare quorum that can still come together has somebody who tells of the slot. */
  #survives(slot: number, chosenTo: number): boolean {
    const { log } = this.ghost;
    for (const set of new Set([log.governing(slot), log.governing(chosenTo + 1)])) {
      let silent = 0;
      set.quorum.voters.forEach((voter, index) => {
        const node = this.ghost.node(voter.node);
        // A disk that is gone, or an old copy, promises nothing any more, and neither does one that lost its promised ballot.
        if (node.member.incarnation !== voter.incarnation || node.refused || node.disk.promisedLost) return;
        // What a damaged disk is silent about its node says when it has read it, and then it is looked at.
        if (node.damaged && !node.alive) return;
        if (!node.disk.isFaulty(slot) && !this.#holds(node, slot)) silent |= 1 << index;
      });
      if (!set.quorum.prepare(silent)) return true;
    }
    return false;
  }

  #holds(node: GhostNode, slot: number): boolean {
    const { log } = this.ghost;
    if (slot <= node.disk.snapshotTo || slot <= node.heldTo(log)) return true;
    return node.disk.votes.get(slot)?.value === log.chosen(slot);
  }
}

function nodesOf({ voters }: Vote): string {
  return voters.map(({ node }) => node).join(", ");
}

/** FNV-1a over the name and the bytes. */
function digestOf(machine: string, command: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < machine.length; index++) hash = Math.imul(hash ^ machine.charCodeAt(index), 0x01000193);
  for (let index = 0; index < command.length; index++) hash = Math.imul(hash ^ command[index]!, 0x01000193);
  return hash >>> 0;
}
