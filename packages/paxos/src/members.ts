/** One member of a group: an identity is (node, incarnation), never a node id alone (rule 14). */
export interface Member {
  /** 1 … 1023. */
  readonly node: number;
  /** One life of a node's disk: a random number below 2^48, made when its folder was. */
  readonly incarnation: number;
  /** Failure domain, for zone-aware quorums; 0 where zones are not used. */
  readonly zone: number;
}

/**
 * Which sets of voters may promise and which may accept.
 * `majority`: more than half, for both. `flexible`: `prepare` and `accept` voters, where prepare + accept > voters
 * (H. Howard, D. Malkhi, A. Spiegelman, *Flexible Paxos*, section 3). `zones`: more than half of the voters in more
 * than half of the zones, for both. `prepare` and `accept` are 0 unless flexible.
 */
export interface QuorumRule {
  readonly kind: "majority" | "flexible" | "zones";
  readonly prepare: number;
  readonly accept: number;
}

/** A group's configuration, as an entry of its log sets it. Voters and non-voters are disjoint and ascending by node. */
export interface Members {
  readonly voters: readonly Member[];
  /** Members without a vote: they learn everything and count nowhere. */
  readonly nonVoters: readonly Member[];
  readonly quorum: QuorumRule;
  /** L of rule 19 in milliseconds; 0: no leases are granted. */
  readonly leaseMs: number;
}

/** Majority quorums. */
export const MAJORITY: QuorumRule = { kind: "majority", prepare: 0, accept: 0 };

/** A set of members as it took effect: the slot of its entry and the floor of rule 12. */
export interface Governing {
  readonly members: Members;
  /** The slot that the change stands in; it governs the slots above. 0 for the set a group was formed with. */
  readonly slot: number;
  /** The ballot in which the change was counted chosen, as the teller knew it: no lower ballot counts above `slot`. */
  readonly floor: number;
}
