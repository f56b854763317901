import type { Ballot } from "./ballot.ts";
import type { Entry } from "./entry.ts";
import type { EngineEvent } from "./events.ts";
import type { Governing } from "./members.ts";
import type { Message, Speaker } from "./message.ts";
import type { DurableRecord } from "./record.ts";

/** A message that is legal now: it may be sent once, twice, late or never, in any order. */
export interface Send {
  readonly to: readonly number[];
  readonly message: Message;
}

/** A peer lacks slots below the open window: the host reads them from its log and sends `learn`, or offers the snapshot. */
export interface Supply {
  readonly to: number;
  readonly slotFrom: number;
  /** Inclusive. */
  readonly slotTo: number;
}

/** A read may be answered once `bound` is applied, and not later than `validUntilMs` of the clock that `tick` is told. */
export interface ReadAnswer {
  readonly token: number;
  /** Below 0: refused, this node neither leads nor knows who does; ask again, or another. */
  readonly bound: number;
  /** Infinity for read-index: no clock is involved (rule 18). A number for a lease: looked at again as the reply leaves (rule 19). */
  readonly validUntilMs: number;
}

/** What this node cannot read of what it once wrote (rule 5). */
export interface Damage {
  /** Slots that are unreadable now. Its promises do not speak for them. */
  readonly faulty: number;
  /** Slots cured since the process started: learned, or accepted anew. */
  readonly cured: number;
  /** The promised ballot may be lost: this incarnation never promises nor accepts again. It still learns. */
  readonly mute: boolean;
}

/**
 * Everything an engine wants done, taken by `output()`. The lists are the taker's.
 * The messages and entries in them never change.
 */
export interface Output {
  /** Travels with every send of this output (rule 14). */
  readonly speaker: Speaker;
  readonly sends: readonly Send[];
  readonly supply: readonly Supply[];
  /** To be made durable in this order; then `persisted(seq, unit)`. */
  readonly records: readonly DurableRecord[];
  /** Names the records of this output and all before it; unchanged if there are none. */
  readonly seq: number;
  /** Every slot to here is known chosen. */
  readonly chosenTo: number;
  /** The entries newly known chosen, in slot order, without a gap, each slot once in the life of an engine. */
  readonly chosen: readonly Entry[];
  /** The set in force for the next slot to be proposed. */
  readonly governing: Governing;
  readonly reads: readonly ReadAnswer[];
  /** The node believed to lead, 0 if none is known. */
  readonly leader: number;
  /** The ballot this node is open in: it takes batches, reads and changes. 0 if it is not (rule 8). */
  readonly opening: Ballot;
  /** Until when this node believes to hold the lease, on the clock that `tick` is told; −Infinity: it does not (rule 19). */
  readonly leaseUntilMs: number;
  /** The highest ballot promised here, for people; it may not be durable yet. */
  readonly promised: Ballot;
  readonly damage: Damage;
  readonly events: readonly EngineEvent[];
}
