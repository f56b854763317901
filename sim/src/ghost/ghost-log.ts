import { decodeMembers, type Member, type Members, type Quorum, quorumOf } from "@quorate/paxos";
import { showValue, type Value } from "./value.ts";

/** The votes for one value of one slot in one ballot: those that were on a disk. */
export interface Vote {
  readonly ballot: number;
  readonly value: Value;
  readonly voters: readonly Member[];
  /** An accept quorum of the set that governs the slot is among them. */
  readonly chosen: boolean;
}

/** A set of members that was chosen, and the slot it stands in; it governs those above. */
export interface GhostSet {
  readonly slot: number;
  readonly members: Members;
  readonly quorum: Quorum;
}

interface CountedVote extends Vote {
  readonly voters: Member[];
  chosen: boolean;
}

/** Told that a quorum holds a value; `before`: what was chosen in the slot already, if anything. */
export type ToldChosen = (vote: Vote, before: Value | null) => void;

/**
 * The one log, as it follows from what is on the disks of all nodes together: a value is chosen once an accept quorum of the set that governs its
 * slot holds it in one ballot. No node's word is taken for it.
 */
export class GhostLog {
  /** Every slot to here is chosen. */
  chosenTo = 0;
  readonly sets: GhostSet[] = [];
  readonly #votes: CountedVote[][] = [];
  readonly #chosen: Vote[] = [];
  readonly #told: ToldChosen;

  constructor(told: ToldChosen) {
    this.#told = told;
  }

  /** The set that the group begins with; again is no harm. */
  begin(members: Members): void {
    if (this.sets.length === 0) this.sets.push({ slot: 0, members, quorum: quorumOf(members) });
  }

  /** What is chosen in a slot up to {@link chosenTo}. */
  chosen(slot: number): Value | null {
    return this.#chosen[slot]?.value ?? null;
  }

  /** The vote by which a slot was first seen chosen. */
  choice(slot: number): Vote | null {
    return this.#chosen[slot] ?? null;
  }

  votes(slot: number): readonly Vote[] {
    return this.#votes[slot] ?? NONE;
  }

  voteIn(slot: number, ballot: number): Vote | null {
    const votes = this.votes(slot);
    for (let index = 0; index < votes.length; index++) if (votes[index]!.ballot === ballot) return votes[index]!;
    return null;
  }

  /** The set that governs a slot, as far as it is chosen. */
  governing(slot: number): GhostSet {
    for (let index = this.sets.length - 1; index > 0; index--) {
      const set = this.sets[index]!;
      if (set.slot < slot) return set;
    }
    return this.sets[0]!;
  }

  /** The set that governs a slot for who leads in a ballot. A change that a higher one chose it may not know of; who knows of it hears no such ballot (rule 12). */
  governingIn(ballot: number, slot: number): GhostSet {
    let set = this.governing(slot);
    while (set.slot > 0 && this.#chosen[set.slot]!.ballot > ballot) set = this.governing(set.slot);
    return set;
  }

  /** A vote is on the disk of `voter`. */
  voted(voter: Member, ballot: number, value: Value): void {
    const votes = (this.#votes[value.slot] ??= []);
    let vote: CountedVote | null = null;
    for (let index = 0; index < votes.length && vote === null; index++) {
      const each = votes[index]!;
      if (each.ballot === ballot && each.value === value) vote = each;
    }
    if (vote === null) {
      vote = { ballot, value, voters: [], chosen: false };
      votes.push(vote);
    }
    if (isAmong(vote.voters, voter)) return;
    vote.voters.push(voter);
    if (value.slot <= this.chosenTo) this.#count(value.slot);
    else while (this.#count(this.chosenTo + 1)) this.#advance();
  }

  /** In words: who holds what in a slot, by ballot. */
  describe(slot: number, showBallot: (ballot: number) => string): string {
    const votes = [...this.votes(slot)].sort((left, right) => left.ballot - right.ballot);
    return votes
      .map(({ ballot, value, voters }) => {
        const nodes = voters.map(({ node }) => node).join(", ");
        return `${showValue(value)} in ballot ${showBallot(ballot)} at nodes ${nodes}`;
      })
      .join("; ");
  }

  /** Voters of the set that governs the slot among those who voted, as its quorums count them. */
  bits(slot: number, voters: readonly Member[]): number {
    const members = this.governing(slot).quorum.voters;
    let bits = 0;
    for (let index = 0; index < members.length; index++) if (isAmong(voters, members[index]!)) bits |= 1 << index;
    return bits;
  }

  #count(slot: number): boolean {
    const { quorum } = this.governing(slot);
    for (const vote of this.#votes[slot] ?? NONE) {
      if (vote.chosen || !quorum.accept(this.bits(slot, vote.voters))) continue;
      vote.chosen = true;
      const before = this.#chosen[slot] ?? null;
      if (before === null) this.#chosen[slot] = vote;
      this.#told(vote, before?.value ?? null);
    }
    return this.#chosen[slot] !== undefined;
  }

  #advance(): void {
    this.chosenTo += 1;
    const { kind, bytes } = this.#chosen[this.chosenTo]!.value;
    if (kind !== "members") return;
    const members = decodeMembers(bytes);
    // One that cannot be decoded is reported as what nobody submitted.
    if (members !== null) this.sets.push({ slot: this.chosenTo, members, quorum: quorumOf(members) });
  }
}

function isAmong(members: readonly Member[], { node, incarnation }: Member): boolean {
  for (let index = 0; index < members.length; index++) {
    const member = members[index]!;
    if (member.node === node && member.incarnation === incarnation) return true;
  }
  return false;
}

const NONE: readonly CountedVote[] = [];
