import type { Ballot } from "./ballot.ts";
import type { Entry } from "./entry.ts";
import { Gathering } from "./gathering.ts";
import { must } from "./invariants.ts";
import { decodeMembers, sameMembers } from "./members-codec.ts";
import type { Governing } from "./members.ts";
import { type Quorum, quorumOf } from "./quorum/quorum.ts";
import type { SlotWindow } from "./slot-window.ts";

/** A membership change that was just found chosen. */
export type Changed = (governing: Governing) => void;

/**
 * What is known chosen: a prefix of the log, and the sets of members that it put in force. The floor of a change is the
 * ballot in which its teller counted it chosen (rules 11 and 12).
 */
export class Learner {
  /** Every slot up to here is known chosen. */
  chosenTo: number;
  appliedTo: number;
  /** Chosen, not yet handed to the host; in slot order. */
  readonly chosen: Gathering<Entry> = new Gathering();
  private readonly votes: SlotWindow;
  private sets: Governing[];
  private quorums: Quorum[];

  constructor(votes: SlotWindow, base: number, governing: readonly Governing[]) {
    must(governing.length > 0, "some set of members is in force at every slot");
    this.votes = votes;
    this.chosenTo = base;
    this.appliedTo = base;
    this.sets = [...governing];
    this.quorums = this.sets.map((set) => quorumOf(set.members));
  }

  /** The set in force above chosenTo. */
  get governing(): Governing {
    return this.sets[this.sets.length - 1]!;
  }

  /** The quorums of the set in force above chosenTo. */
  get quorum(): Quorum {
    return this.quorums[this.quorums.length - 1]!;
  }

  /** Every set known, ascending by slot: for `learn` and snapshots. */
  get known(): readonly Governing[] {
    return this.sets;
  }

  /** The floor of the change at `slot`; `null` if that set was forgotten, or is not known yet. */
  floorAt(slot: number): Ballot | null {
    for (const set of this.sets) if (set.slot === slot) return set.floor;
    return null;
  }

  /** The vote held at chosenTo + 1 is the chosen value. `floor`: the ballot in which that was counted, or that the teller named. */
  choose(floor: Ballot, changed: Changed): void {
    const slot = this.chosenTo + 1;
    const entry = this.votes.get(slot);
    must(entry !== null, "a slot is taken as chosen only by a node that holds its value");
    this.chosenTo = slot;
    this.chosen.push(entry);
    if (entry.kind === "members" && slot > this.governing.slot) {
      const members = decodeMembers(entry.bytes);
      must(members !== null, "a chosen membership change can be decoded");
      this.take({ members, slot, floor });
      changed(this.governing);
    }
  }

  /** A set that came with recovery or a snapshot. The one that a group was formed with may come to a node that began with another. */
  take(governing: Governing): void {
    const { slot, members } = this.governing;
    if (governing.slot <= slot && (slot > 0 || sameMembers(governing.members, members))) return;
    this.sets.push(governing);
    this.quorums.push(quorumOf(governing.members));
  }

  /** Sets that no slot above `slot` needs are forgotten; the one in force at `slot` stays. */
  forgetBelow(slot: number): void {
    let keep = 0;
    while (keep + 1 < this.sets.length && this.sets[keep + 1]!.slot <= slot) keep++;
    if (keep > 0) {
      this.sets = this.sets.slice(keep);
      this.quorums = this.quorums.slice(keep);
    }
  }

  /** A snapshot covers everything to `slot`. */
  installed(slot: number, governing: Governing): void {
    must(slot > this.chosenTo, "a snapshot is installed only over an older state");
    this.chosenTo = slot;
    this.appliedTo = slot;
    this.chosen.take();
    this.take(governing);
    this.forgetBelow(slot);
  }
}
