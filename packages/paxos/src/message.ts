import type { Ballot } from "./ballot.ts";
import type { Entry } from "./entry.ts";

/**
 * Who speaks, and for which disk (rule 14). Travels once with each group's part of a frame.
 */
export interface Speaker {
  readonly node: number;
  /** The life of the disk, below 2^48. */
  readonly incarnation: number;
  /** The life of the process: random, below 2^48, new at each start. */
  readonly life: number;
  /** Number of the last write unit of that disk that is synced; grows over the whole life of the disk. */
  readonly unit: number;
  /** What `unit` was when this life of the process began: what its disk came back with. */
  readonly unitAtStart: number;
}

/** Would you promise `ballot`? Changes nothing at the receiver (rule 20). Ballot 0 only asks what the receiver knows chosen (rule 13). */
export interface Canvass {
  readonly kind: "canvass";
  readonly ballot: Ballot;
  readonly chosenTo: number;
}

/** The answer to {@link Canvass}. */
export interface CanvassAnswer {
  readonly kind: "canvass-answer";
  readonly ballot: Ballot;
  readonly granted: boolean;
  readonly promised: Ballot;
  readonly chosenTo: number;
}

/** Phase 1a. Asks for the votes from `slotFrom` on; a further page is asked for by a higher `slotFrom`. */
export interface Prepare {
  readonly kind: "prepare";
  readonly ballot: Ballot;
  readonly slotFrom: number;
  /** The proposer's chosenTo. */
  readonly chosenTo: number;
}

/** Phase 1b: one page. Speaks for the slots from max(slotFrom, chosenTo + 1) to slotTo, and only for those (rule 6). */
export interface PromiseMessage {
  readonly kind: "promise";
  readonly ballot: Ballot;
  readonly slotFrom: number;
  /** Last slot that this page speaks for; {@link SLOT_MAX} on the last page. */
  readonly slotTo: number;
  /** As of the composition of this page. */
  readonly chosenTo: number;
  /** Everything accepted in the slots it speaks for, ascending by slot. */
  readonly votes: readonly Entry[];
  /** Slots it speaks for whose entry cannot be read (rule 5), ascending. */
  readonly faulty: readonly number[];
}

/** A higher ballot was promised. `ballot` is the one refused. */
export interface Reject {
  readonly kind: "reject";
  readonly ballot: Ballot;
  readonly promised: Ballot;
}

/**
 * Phase 2a for consecutive slots, and in the same message the acknowledgement of earlier ones: the slots
 * ackFrom … ackTo were counted chosen in this very ballot (rule 15). ackTo < ackFrom: acknowledges nothing.
 */
export interface Accept {
  readonly kind: "accept";
  readonly ballot: Ballot;
  /** startSlot(ballot), fixed once an accept of the ballot has left (rules 4 and 6). */
  readonly startSlot: number;
  /** Not empty; slots consecutive; each entry's `ballot` is this ballot. */
  readonly entries: readonly Entry[];
  readonly ackFrom: number;
  readonly ackTo: number;
}

/** Phase 2b, cumulative: every slot from startSlot(ballot) to acceptedTo is accepted in this ballot, or known chosen, and durable here (rule 4). */
export interface Accepted {
  readonly kind: "accepted";
  readonly ballot: Ballot;
  readonly acceptedTo: number;
  readonly chosenTo: number;
}

/** The leader lives; asks for an answer; acknowledges as {@link Accept} does. */
export interface Heartbeat {
  readonly kind: "heartbeat";
  readonly ballot: Ballot;
  /** Grows by one with each round of a ballot. Reads and leases are confirmed by rounds. */
  readonly round: number;
  readonly startSlot: number;
  readonly ackFrom: number;
  readonly ackTo: number;
  /** The leader's chosenTo: who has less asks for it. */
  readonly chosenTo: number;
}

/** The answer to {@link Heartbeat}; leaves only while promised is its ballot. */
export interface HeartbeatAnswer {
  readonly kind: "heartbeat-answer";
  readonly ballot: Ballot;
  /** Of the process that began the round: nobody else takes it for an answer to a round of its own. */
  readonly life: number;
  readonly round: number;
  /** As in {@link Accepted}: durable here. */
  readonly acceptedTo: number;
  /** Known chosen, and durable here. */
  readonly chosenTo: number;
  /** The lease granted, in milliseconds of the granter's clock from the moment this answer was made; 0: none (rule 19). */
  readonly grantedMs: number;
}

/** Asks for the chosen entries from `slotFrom` on. */
export interface Fetch {
  readonly kind: "fetch";
  readonly slotFrom: number;
}

/** Chosen entries, consecutive, with the vote ballot of the teller; and the floors of the membership changes among them (rule 12). */
export interface Learn {
  readonly kind: "learn";
  /** Not empty; slots consecutive. */
  readonly entries: readonly Entry[];
  /** One per entry of kind `members`, in order. */
  readonly floors: readonly Ballot[];
  /** The teller's chosenTo, so that the learner knows how much is left. */
  readonly chosenTo: number;
}

/** A follower asks the leader for a read bound (rule 18). */
export interface ReadRequest {
  readonly kind: "read-request";
  readonly token: number;
}

/** The leader's bound, confirmed after the request arrived. `bound` < 0: not leading, ask another. `life` names the asker's process. */
export interface ReadBound {
  readonly kind: "read-bound";
  readonly life: number;
  readonly token: number;
  readonly bound: number;
}

/** The leader of `ballot` leads no more. `successor` is asked to campaign at once; 0: nobody in particular. */
export interface Resign {
  readonly kind: "resign";
  readonly ballot: Ballot;
  readonly successor: number;
}

/** All that engines say to each other. */
export type Message =
  | Canvass
  | CanvassAnswer
  | Prepare
  | PromiseMessage
  | Reject
  | Accept
  | Accepted
  | Heartbeat
  | HeartbeatAnswer
  | Fetch
  | Learn
  | ReadRequest
  | ReadBound
  | Resign;

/** Greater than every slot: "and all above". */
export const SLOT_MAX: number = 2 ** 52;
