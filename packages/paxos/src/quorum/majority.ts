import { type Suffices, votesIn } from "./suffices.ts";

/** More than half of `voters`, for both phases: any two majorities meet. Of an even number n that is n / 2 + 1. */
export function majority(voters: number): { prepare: Suffices; accept: Suffices } {
  const suffices: Suffices = (votes) => votesIn(votes) * 2 > voters;
  return { prepare: suffices, accept: suffices };
}
