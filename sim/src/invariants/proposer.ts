import type { PeerMessage } from "@quorate/log";
import { type Entry, nodeOf, showBallot, SLOT_MAX, type Speaker } from "@quorate/paxos";
import type { GhostBallot } from "../ghost/ghost-ballot.ts";
import type { GhostNode } from "../ghost/ghost-node.ts";
import { showValue, type Value } from "../ghost/value.ts";
import { Checker } from "./checker.ts";

/** B1 to B4: who uses a ballot, what is proposed in it, and that a quorum stands behind what its leader says. */
export class ProposerChecker extends Checker {
  /** Per ballot, to where what its leader acknowledged was found chosen. */
  readonly #acknowledged = new Map<number, number>();
  /** Per slot, in how many ballots something was proposed there. */
  readonly #leaders: number[] = [];

  override said(node: GhostNode, _speaker: Speaker, message: PeerMessage): void {
    switch (message.kind) {
      case "prepare":
        return this.#uses(node, message.ballot);
      case "heartbeat":
      case "accept":
        this.#uses(node, message.ballot);
        this.#startsAt(node, message.ballot, message.startSlot);
        return this.#acknowledges(node, message.ballot, message.ackFrom, message.ackTo);
      default:
        return;
    }
  }

  /** B1, rule 3. */
  #uses(node: GhostNode, ballot: number): void {
    const owned = this.ghost.ballots.get(ballot);
    if (owned !== undefined && owned.node === node.id && owned.life === node.life) return;
    const owner =
      owned === undefined ? "nobody wrote that it promised it" : `it is of node ${owned.node}, in another life`;
    const what = nodeOf(ballot) === node.id ? owner : `it is of node ${nodeOf(ballot)}`;
    this.report("B1", `node ${node.id} uses ballot ${showBallot(ballot)}, but ${what}`);
  }

  #startsAt(node: GhostNode, ballot: number, startSlot: number): void {
    const known = this.ghost.ballots.get(ballot)?.startSlot ?? 0;
    if (known !== 0 && known !== startSlot) {
      this.report(
        "B3",
        `node ${node.id} starts ballot ${showBallot(ballot)} at slot ${startSlot}, and at ${known} before`,
      );
    }
  }

  /** B4, rule 15: what is acknowledged in a ballot is held by a quorum of those who voted in it, or know it chosen. */
  #acknowledges(node: GhostNode, ballot: number, from: number, to: number): void {
    const led = this.ghost.ballots.get(ballot);
    if (led === undefined) return;
    const { log } = this.ghost;
    let slot = Math.max(from, (this.#acknowledged.get(ballot) ?? 0) + 1);
    for (; slot <= to; slot++) {
      const chosen = slot <= log.chosenTo ? log.chosen(slot) : null;
      const proposed = led.proposals.get(slot);
      if (chosen !== null && (proposed === undefined || proposed === chosen) && this.#counts(slot, ballot)) continue;
      const held = log.describe(slot, showBallot);
      const says = `node ${node.id} acknowledges slot ${slot} in ballot ${showBallot(ballot)}`;
      this.report(this.#lackOf(slot, ballot), `${says}, without a quorum of its voters; held is ${held || "nothing"}`);
      return;
    }
    this.#acknowledged.set(ballot, to);
  }

  /** Voters that hold the slot in this ballot, or whose watermark may pass over it since they know it chosen. */
  #counts(slot: number, ballot: number): boolean {
    const { log } = this.ghost;
    const { quorum } = log.governing(slot);
    const vote = log.voteIn(slot, ballot);
    let bits = vote === null ? 0 : log.bits(slot, vote.voters);
    quorum.voters.forEach((voter, index) => {
      const { member, chosenTo } = this.ghost.node(voter.node);
      if (member.incarnation === voter.incarnation && chosenTo >= slot) bits |= 1 << index;
    });
    return quorum.accept(bits);
  }

  /** G4 if somebody without a vote would have made the quorum. */
  #lackOf(slot: number, ballot: number): "B4" | "G4" {
    const { log } = this.ghost;
    const vote = log.voteIn(slot, ballot);
    const { members, quorum } = log.governing(slot);
    if (vote === null) return "B4";
    const others = vote.voters.filter(
      ({ node, incarnation }) => !members.voters.some((each) => each.node === node && each.incarnation === incarnation),
    );
    let bits = log.bits(slot, vote.voters);
    // Each of them in the place of one who is missing.
    for (let index = 0, more = others.length; index < quorum.voters.length && more > 0; index++) {
      if ((bits & (1 << index)) !== 0) continue;
      bits |= 1 << index;
      more -= 1;
    }
    return others.length > 0 && quorum.accept(bits) ? "G4" : "B4";
  }

  /** B4 for leading: a prepare quorum has promised this ballot, and its leader was told. */
  override opened(node: GhostNode, ballot: number): void {
    const led = this.ghost.ballots.get(ballot);
    if (led === undefined || led.node !== node.id || led.life !== node.life) {
      this.report(
        "B1",
        `node ${node.id} is open in ballot ${showBallot(ballot)}, for which it did not campaign in this life`,
      );
      return;
    }
    const { quorum } = this.ghost.log.governing(node.chosenTo + 1);
    let bits = 0;
    quorum.voters.forEach((voter, index) => {
      // Its own promise, and what it was told of others, was on a disk as the word of it left (A2); that disk may be lost since.
      const incarnation = voter.node === node.id ? node.member.incarnation : led.promises.get(voter.node)?.incarnation;
      if (incarnation === voter.incarnation) bits |= 1 << index;
    });
    if (!quorum.prepare(bits)) {
      const heard = [node.id, ...led.promises.keys()].join(", ");
      this.report("B4", `node ${node.id} is open in ballot ${showBallot(ballot)}, promised only by nodes ${heard}`);
    }
  }

  override proposed(node: GhostNode, led: GhostBallot, entry: Entry, value: Value, before: Value | null): void {
    const { slot } = value;
    const ballot = showBallot(led.ballot);
    if (before !== null) {
      this.report(
        "B2",
        `node ${node.id} proposes ${showValue(value)} in slot ${slot}, ballot ${ballot}, and proposed ${showValue(before)}`,
      );
      return;
    }
    const isNew = value.kind === "noop" && value.origin === led.ballot;
    if (isNew && this.#isVotedFor(slot)) this.coverage.hit("no-op where a minority had voted for something");
    this.#countLeaders(slot);
    const choice = slot <= this.ghost.log.chosenTo ? this.ghost.log.choice(slot) : null;
    if (choice !== null && choice.ballot < led.ballot && choice.value !== value) {
      const chosen = `${showValue(choice.value)} was chosen there in ballot ${showBallot(choice.ballot)} at nodes ${choice.voters.map((each) => each.node).join(", ")}`;
      this.report(
        "B3",
        `node ${node.id} proposes ${showValue(value)} in slot ${slot}, ballot ${ballot}, but ${chosen}`,
      );
      return;
    }
    this.#isSafe(node, led, entry, value);
  }

  /** Votes of a ballot have no gaps, so a new leader finds no hole below what was reported to it: it fills what nobody reported, though somebody may have a vote. */
  #isVotedFor(slot: number): boolean {
    return this.ghost.log.votes(slot).some(({ value }) => value.kind !== "noop");
  }

  /** B3: some prepare quorum promised, speaks for the slot, and told of no vote in a ballot above that which the value comes from. */
  #isSafe(node: GhostNode, led: GhostBallot, entry: Entry, value: Value): void {
    const { log } = this.ghost;
    const { slot } = value;
    const { quorum } = log.governingIn(led.ballot, slot);
    const told: number[] = quorum.voters.map(() => -1);
    let proposedIn = 0;
    let first: Value | null = null;
    const tells = (index: number, ballot: number, its: Value | null): void => {
      told[index] = ballot;
      first ??= its;
      if (its !== null && its !== first) this.coverage.hit("promises of two values for one slot");
      if (its === value) proposedIn = Math.max(proposedIn, ballot);
    };
    quorum.voters.forEach((voter, index) => {
      if (voter.node === node.id) {
        if (voter.incarnation !== node.member.incarnation) return;
        let own: { readonly ballot: number; readonly value: Value } | null = null;
        for (const vote of node.recorded(slot)) {
          if (vote.at <= led.preparedAt && vote.ballot < led.ballot && (own === null || vote.ballot > own.ballot))
            own = vote;
        }
        if (node.disk.isFaulty(slot) && own === null) return;
        return tells(index, own?.ballot ?? 0, own?.value ?? null);
      }
      const promise = led.promises.get(voter.node);
      if (promise === undefined || promise.incarnation !== voter.incarnation) return;
      if (promise.faulty.has(slot) || slot <= promise.chosenTo) return;
      // Of the pages that have not come nothing is known; what came tells of its own slots.
      if (promise.pageFrom <= slot && promise.pageFrom <= SLOT_MAX) return;
      const vote = promise.votes.get(slot);
      if (vote === undefined || vote.ballot >= led.ballot) tells(index, 0, null);
      else tells(index, vote.ballot, vote.value);
    });
    // Who has no vote in the set counts for no quorum, but its vote, for what a leader proposed, is as good a source of the value.
    for (const { pageFrom, votes } of led.promises.values()) {
      const vote = votes.get(slot);
      if (pageFrom > slot && vote?.value === value && vote.ballot < led.ballot) {
        proposedIn = Math.max(proposedIn, vote.ballot);
      }
    }
    let speaking = 0;
    let below = 0;
    told.forEach((ballot, index) => {
      if (ballot < 0) return;
      speaking |= 1 << index;
      if (ballot <= proposedIn) below |= 1 << index;
    });
    if (quorum.prepare(below)) return;
    const known = slot <= log.chosenTo ? log.chosen(slot) : null;
    // Rule 6: what it knows chosen it proposes wherever it may.
    if (known === value && node.chosenTo >= slot) return;
    const what = `${showValue(value)} in slot ${slot}, ballot ${showBallot(led.ballot)}`;
    const heard = quorum.voters
      .map(
        ({ node: id }, index) =>
          `node ${id} ${told[index]! < 0 ? "does not speak for it" : `told of ${showBallot(told[index]!)}`}`,
      )
      .join(", ");
    const why = quorum.prepare(speaking)
      ? "of every promised quorum somebody told of a higher vote"
      : "no promised quorum speaks for it";
    this.report("B3", `node ${node.id} proposes ${what} (vote of ${showBallot(entry.ballot)}), but ${why}: ${heard}`);
  }

  #countLeaders(slot: number): void {
    this.#leaders[slot] = (this.#leaders[slot] ?? 0) + 1;
    if (this.#leaders[slot] === 3) this.coverage.hit("three leaders in one slot");
  }
}
