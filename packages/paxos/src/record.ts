import type { Ballot } from "./ballot.ts";
import type { Entry } from "./entry.ts";
import type { Governing, Members } from "./members.ts";

/** The promised ballot. */
export interface PromisedRecord {
  readonly kind: "promised";
  readonly ballot: Ballot;
}

/** A vote, or a learned entry (rule 1). Replaces what stood at its slot, unless that was cast in a higher ballot. */
export interface AcceptedRecord {
  readonly kind: "accepted";
  readonly entry: Entry;
}

/** The membership change at `slot` is known chosen, and so is everything below it, durably (rules 12 and 17). */
export interface MembersRecord {
  readonly kind: "members";
  readonly governing: Governing;
}

/** Everything to `slot` is known chosen. Saves work after a restart; safety does not need it (rule 17). */
export interface ChosenRecord {
  readonly kind: "chosen";
  readonly slot: number;
}

/** Which slots are unreadable now (rule 5), ascending; replaces the earlier record of this kind. A vote recorded afterwards cures its slot. */
export interface FaultyRecord {
  readonly kind: "faulty";
  readonly slots: readonly number[];
}

/** The highest write unit heard of each peer's disk (rule 14); replaces the earlier record of this kind. */
export interface HeardRecord {
  readonly kind: "heard";
  readonly peers: readonly HeardPeer[];
}

/** One line of a {@link HeardRecord}. */
export interface HeardPeer {
  readonly node: number;
  readonly incarnation: number;
  /** The process that told of `unit`: what comes late from that one is not from an older disk. */
  readonly life: number;
  readonly unit: number;
}

/** The greatest lease that this node may have granted, in milliseconds (rule 19); durable before the first such grant leaves. */
export interface LeaseRecord {
  readonly kind: "lease";
  readonly leaseMsMax: number;
}

/** The durable facts of a group, in the order in which they must become durable. */
export type DurableRecord =
  PromisedRecord | AcceptedRecord | MembersRecord | ChosenRecord | FaultyRecord | HeardRecord | LeaseRecord;

/** What recovery read of one group: the engine's first state. A new group has only the set it was formed with. */
export interface Durable {
  readonly promised: Ballot;
  /** A checkpoint covers every slot up to here; 0: none. */
  readonly base: number;
  /** The set in force at `base`, and every later one recorded as chosen, ascending by slot; not empty. */
  readonly governing: readonly Governing[];
  /** The votes above `base`, ascending by slot, one a slot. */
  readonly accepted: readonly Entry[];
  /** At least `base` and the last governing slot (rule 17). */
  readonly chosenTo: number;
  /** Unreadable slots above `base`, ascending (rule 5). */
  readonly faulty: readonly number[];
  /** The promised ballot itself may be lost: this incarnation never promises nor accepts again (rule 5). */
  readonly promisedLost: boolean;
  readonly leaseMsMax: number;
  readonly heard: readonly HeardPeer[];
  /** Number of the last write unit on the disk. */
  readonly unit: number;
}

/** The first state of a group that was formed with `members`, on a disk on which nothing of it stands yet. */
export function emptyDurable(members: Members): Durable {
  return {
    promised: 0,
    base: 0,
    governing: [{ members, slot: 0, floor: 0 }],
    accepted: [],
    chosenTo: 0,
    faulty: [],
    promisedLost: false,
    leaseMsMax: 0,
    heard: [],
    unit: 0,
  };
}
