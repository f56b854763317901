/**
 * A ballot is a pair (round, node), totally ordered by round and then by node, packed into one safe integer:
 * `round * 1024 + node`. Comparing two ballots is comparing two numbers. `NO_BALLOT` (0) is lower than every ballot.
 *
 * Source: L. Lamport, *Paxos Made Simple*, section 2.2 (disjoint sets of proposal numbers per proposer).
 */
export type Ballot = number;

/** The ballot that nobody owns: lower than any real one. */
export const NO_BALLOT: Ballot = 0;

/** Greatest node id: ids are 1 … 1023. */
export const NODE_MAX = 1023;

const NODES = NODE_MAX + 1;

/** The ballot of `node` in `round`. `round` ≥ 1, `node` in 1 … {@link NODE_MAX}. */
export function ballotOf(round: number, node: number): Ballot {
  return round * NODES + node;
}

/** The round of a ballot; 0 for {@link NO_BALLOT}. */
export function roundOf(ballot: Ballot): number {
  return Math.floor(ballot / NODES);
}

/** The node that owns a ballot; 0 for {@link NO_BALLOT}. */
export function nodeOf(ballot: Ballot): number {
  return ballot % NODES;
}

/** Whether `node` owns `ballot`: nobody else may prepare or lead it. */
export function isOwner(node: number, ballot: Ballot): boolean {
  return nodeOf(ballot) === node;
}

/** The lowest ballot of `node` that is higher than `above`. */
export function nextBallot(above: Ballot, node: number): Ballot {
  const sameRound = ballotOf(roundOf(above), node);
  return sameRound > above && roundOf(above) > 0 ? sameRound : ballotOf(roundOf(above) + 1, node);
}

/** A ballot as people read it: `round.node`, for example `7.2`. */
export function showBallot(ballot: Ballot): string {
  return `${roundOf(ballot)}.${nodeOf(ballot)}`;
}
