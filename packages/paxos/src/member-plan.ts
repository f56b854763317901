import { type Member, type Members, MAJORITY } from "./members.ts";
import { sameMembers } from "./members-codec.ts";

/** What to do next on the way to a wished set. */
export type PlanStep =
  | { readonly kind: "done" }
  /** A safe step: propose this set. */
  | { readonly kind: "propose"; readonly members: Members }
  /** These non-voters must catch up first. */
  | { readonly kind: "wait"; readonly nodes: readonly Member[] };

/**
 * The next safe step from `current` to `target`: whoever is new comes in as a non-voter; once all future voters are caught up,
 * the target takes over in one entry. Rules 10 to 13 make any single step safe; catching up first keeps it available.
 */
export function nextStep(current: Members, target: Members, caughtUp: (member: Member) => boolean): PlanStep {
  if (sameMembers(current, target)) return { kind: "done" };
  const present = [...current.voters, ...current.nonVoters];
  const wanted = [...target.voters, ...target.nonVoters];
  const missing = wanted.filter((member) => !present.some((known) => sameIdentity(known, member)));
  if (missing.length > 0) {
    const replaced = new Set(missing.map((member) => member.node));
    const voters = current.voters.filter((member) => !replaced.has(member.node));
    const nonVoters = [...current.nonVoters.filter((member) => !replaced.has(member.node)), ...missing].sort(byNode);
    const shrunk = voters.length !== current.voters.length;
    return {
      kind: "propose",
      members: {
        voters,
        nonVoters,
        quorum: shrunk && current.quorum.kind === "flexible" ? MAJORITY : current.quorum,
        leaseMs: current.leaseMs,
      },
    };
  }
  const behind = target.voters.filter(
    (member) => !current.voters.some((voter) => sameIdentity(voter, member)) && !caughtUp(member),
  );
  return behind.length > 0 ? { kind: "wait", nodes: behind } : { kind: "propose", members: target };
}

/** Whether both name the same life of the same node's disk. */
export function sameIdentity(one: Member, other: Member): boolean {
  return one.node === other.node && one.incarnation === other.incarnation;
}

function byNode(one: Member, other: Member): number {
  return one.node - other.node;
}
