import type { PeerMessage, StoredRecord } from "@quorate/log";
import type { Durable, DurableRecord, Entry, Output, Speaker } from "@quorate/paxos";
import type { Coverage } from "../coverage/sometimes.ts";
import type { GhostBallot } from "../ghost/ghost-ballot.ts";
import type { Ghost } from "../ghost/ghost.ts";
import type { Vote } from "../ghost/ghost-log.ts";
import type { GhostNode } from "../ghost/ghost-node.ts";
import type { Value } from "../ghost/value.ts";
import { Unobservant } from "../world/observer.ts";
import type { InvariantId } from "./catalogue.ts";

/** Says that an invariant is broken, in words with names and numbers. Does not throw: the step runs to its end, and the run ends after it. */
export type Report = (invariant: InvariantId, witness: string) => void;

/**
 * Checks some of the invariants at every step, against what the ghost knows; its cost grows with what changed. Beside what every observer is told it is
 * told what the ghost finds in it. The state of a node that the ghost keeps is what it was *before* the event, unless the words say otherwise.
 */
export class Checker extends Unobservant {
  protected readonly ghost: Ghost;
  protected readonly report: Report;
  protected readonly coverage: Coverage;

  constructor(ghost: Ghost, report: Report, coverage: Coverage) {
    super();
    this.ghost = ghost;
    this.report = report;
    this.coverage = coverage;
  }

  /** An engine hands out a record. `value`: of a vote. */
  recorded(_node: GhostNode, _record: DurableRecord, _value: Value | null): void {}
  /** A record is on the disk; the ghost knows it already. */
  held(_node: GhostNode, _record: StoredRecord, _value: Value | null): void {}
  /** Whole snapshots on the disk were counted anew; the ghost knows them already. */
  snapshotsRead(_node: GhostNode): void {}
  fileGone(_node: GhostNode, _path: string): void {}
  /** A replica begins; its disk was read anew. */
  began(_node: GhostNode, _durable: Durable): void {}
  /** One output of an engine, after its records. */
  outputOf(_node: GhostNode, _output: Output, _clockMs: number): void {}
  /** A node is open in another ballot. */
  opened(_node: GhostNode, _ballot: number): void {}
  said(_node: GhostNode, _speaker: Speaker, _message: PeerMessage): void {}
  /** An accept of this slot leaves for the first time in its ballot, or (`before`) with another value than the first time. */
  proposed(_node: GhostNode, _ballot: GhostBallot, _entry: Entry, _value: Value, _before: Value | null): void {}
  /** A quorum holds a value in one ballot; the ghost knows it already. `before`: what was chosen in the slot before. */
  chosen(_vote: Vote, _before: Value | null): void {}
}
