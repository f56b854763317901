import { type Suffices, votesIn } from "./suffices.ts";

/**
 * Any `prepare` voters may promise and any `accept` voters may choose. They meet because prepare + accept is more than
 * the number of voters, which `checkMembers` demands.
 *
 * Source: H. Howard, D. Malkhi, A. Spiegelman, *Flexible Paxos: Quorum Intersection Revisited*, section 4.
 */
export function flexible(prepare: number, accept: number): { prepare: Suffices; accept: Suffices } {
  return {
    prepare: (votes) => votesIn(votes) >= prepare,
    accept: (votes) => votesIn(votes) >= accept,
  };
}
