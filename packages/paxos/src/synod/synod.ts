import { type Ballot, NO_BALLOT } from "../ballot.ts";
import { must } from "../invariants.ts";
import type { Quorum } from "../quorum/quorum.ts";

/**
 * Single-decree Paxos: any number of proposers, one value. Everything the log does is this, once per slot, with the
 * first phase shared by all slots of a ballot:
 *
 * | here | in the log |
 * |---|---|
 * | `SynodAcceptor` | `Acceptor`: one promised ballot for all slots, one vote a slot |
 * | `SynodProposer.promised`, `value` | `PreparePhase.merge`, `valueAt`: the vote of the highest ballot, slot by slot |
 * | `SynodProposer.accepted` | `AcceptPhase`, `votesFor`: watermarks instead of single votes |
 *
 * Source: L. Lamport, *Paxos Made Simple*, section 2.2; *The Part-Time Parliament*, section 2.3.
 */

/** What an acceptor voted for. */
export interface SynodVote<Value> {
  readonly ballot: Ballot;
  readonly value: Value;
}

/** An acceptor's answer to `prepare`: it will never vote below `ballot`, and this is its last vote, if it ever voted. */
export interface SynodPromise<Value> {
  readonly ballot: Ballot;
  readonly vote: SynodVote<Value> | null;
}

/**
 * The memory of Paxos. Both fields must be durable before an answer of `prepare` or `accept` leaves: whoever keeps this
 * object sees to it.
 */
export class SynodAcceptor<Value> {
  promised: Ballot = NO_BALLOT;
  vote: SynodVote<Value> | null = null;

  /** Phase 1b. `null`: a higher ballot is promised (rule 2). */
  prepare(ballot: Ballot): SynodPromise<Value> | null {
    if (ballot < this.promised) return null;
    this.promised = ballot;
    return { ballot, vote: this.vote };
  }

  /** Phase 2b. False: a higher ballot is promised. Voting promises, too (rule 2). */
  accept(ballot: Ballot, value: Value): boolean {
    if (ballot < this.promised) return false;
    this.promised = ballot;
    this.vote = { ballot, value };
    return true;
  }
}

/** One ballot of one proposer, from its first promise to its end. A ballot has one life (rule 3). */
export class SynodProposer<Value> {
  readonly ballot: Ballot;
  private readonly quorum: Quorum;
  private readonly wish: Value;
  private promises = 0;
  private votes = 0;
  private best: SynodVote<Value> | null = null;
  private proposed: SynodVote<Value> | null = null;

  /** `wish` is proposed if no vote is reported. */
  constructor(ballot: Ballot, quorum: Quorum, wish: Value) {
    must(ballot > NO_BALLOT, "a proposer has a ballot of its own");
    this.ballot = ballot;
    this.quorum = quorum;
    this.wish = wish;
  }

  /**
   * Takes one promise. Once a prepare quorum has promised, returns the vote to ask for with `accept`: the value of the
   * highest ballot that was reported, which alone may have been chosen, or the wish. `null` before. What is asked for
   * never changes again, whoever promises later.
   */
  promised(node: number, incarnation: number, promise: SynodPromise<Value>): SynodVote<Value> | null {
    if (promise.ballot !== this.ballot || this.proposed !== null) return this.proposed;
    const bit = this.quorum.bit(node, incarnation);
    if (bit === 0) return null;
    this.promises |= bit;
    const { vote } = promise;
    if (vote !== null && (this.best === null || vote.ballot > this.best.ballot)) this.best = vote;
    if (this.quorum.prepare(this.promises)) {
      this.proposed = { ballot: this.ballot, value: this.best === null ? this.wish : this.best.value };
    }
    return this.proposed;
  }

  /** Takes note that this voter voted in `ballot`. Returns whether the value is chosen: distinct voters, one ballot (rule 16). */
  accepted(node: number, incarnation: number, ballot: Ballot): boolean {
    if (this.proposed !== null && ballot === this.ballot) this.votes |= this.quorum.bit(node, incarnation);
    return this.quorum.accept(this.votes);
  }
}
