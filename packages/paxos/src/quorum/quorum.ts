import type { Member, Members } from "../members.ts";
import { flexible } from "./flexible.ts";
import { majority } from "./majority.ts";
import type { Suffices } from "./suffices.ts";
import { zones } from "./zones.ts";

/** Most voters in one set: their votes are bits of one 32-bit number. */
export const VOTERS_MAX = 31;

/**
 * Which sets of the voters of one configuration may promise, and which may accept. Every prepare quorum meets every
 * accept quorum: that is checked when the value is made.
 */
export interface Quorum {
  readonly voters: readonly Member[];
  /** The bit of a voter, 0 if that identity (node and incarnation) does not vote here (rule 14). */
  bit(node: number, incarnation: number): number;
  readonly prepare: Suffices;
  readonly accept: Suffices;
}

/** The quorums of a set of members. The set was checked by `checkMembers`. */
export function quorumOf(members: Members): Quorum {
  const { voters, quorum: rule } = members;
  const suffices =
    rule.kind === "majority"
      ? majority(voters.length)
      : rule.kind === "flexible"
        ? flexible(rule.prepare, rule.accept)
        : zones(voters.map((voter) => voter.zone));
  return {
    voters,
    bit(node, incarnation) {
      for (let i = 0; i < voters.length; i++) {
        const voter = voters[i]!;
        if (voter.node === node) return voter.incarnation === incarnation ? 1 << i : 0;
      }
      return 0;
    },
    prepare: suffices.prepare,
    accept: suffices.accept,
  };
}
