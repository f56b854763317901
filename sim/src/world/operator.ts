import type { QuorateError } from "@quorate/machine";
import { MAJORITY, type Member, type Members, type QuorumRule, sameMembers } from "@quorate/paxos";
import type { RunConfig } from "./config.ts";
import { suffices } from "./members-in-play.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { World } from "./world.ts";

/** What the operator wants a machine to be. */
export type Role = "voter" | "non-voter" | "absent";

/** The operator looks this often whether the cluster is as it should be. */
const LOOK_MS = 150;

/** A change that the leader of one ballot was asked for: it is its wish until that ballot ends. */
interface Asked {
  readonly target: Members;
  readonly leader: SimulatedNode;
  readonly starts: number;
  readonly ballot: number;
}

/**
 * Whoever runs the cluster: has a wish for each machine, and asks the leader for the change that is still missing, again and again, as a person with
 * a tool does. A machine that lost its disk is asked in under its new incarnation; nobody who lives is removed while that would leave too few who do.
 */
export class Operator {
  readonly #world: World;
  readonly #roles = new Map<number, Role>();
  /** What leaders were asked for, and may still be about to do. */
  #asked: Asked[] = [];
  #formed = false;
  #frozen = false;

  constructor(world: World) {
    this.#world = world;
    for (let id = 1; id <= world.config.nodes; id++) this.#roles.set(id, "voter");
    this.#lookAgain();
  }

  /** Whether every machine that the cluster begins with has served. */
  get isFormed(): boolean {
    if (this.#formed) return true;
    this.#formed = this.formers().every(({ incarnation }) => incarnation > 0);
    return this.#formed;
  }

  /** The machines that the cluster begins with. */
  formers(): readonly SimulatedNode[] {
    return this.#world.nodes.slice(0, this.#world.config.nodes);
  }

  /** Machines that shall vote. */
  voters(): readonly number[] {
    return this.#world.nodes.map(({ id }) => id).filter((id) => this.roleOf(id) === "voter");
  }

  roleOf(id: number): Role {
    return this.#roles.get(id) ?? "absent";
  }

  wish(id: number, role: Role): void {
    this.#roles.set(id, role);
  }

  /** No wishes any more. */
  freeze(): void {
    this.#frozen = true;
  }

  /** The node that takes writes; null: none. */
  leader(): SimulatedNode | null {
    let found: SimulatedNode | null = null;
    let ballot = 0;
    for (const node of this.#world.nodes) {
      const { opening } = node;
      if (opening <= ballot) continue;
      ballot = opening;
      found = node;
    }
    return found;
  }

  transferTo(id: number): void {
    const leader = this.leader();
    leader?.process?.enter(() => leader.replica?.transferTo(id, () => undefined));
  }

  stepDown(): void {
    const leader = this.leader();
    leader?.process?.enter(() => leader.replica?.stepDown());
  }

  /** Sets that nobody has proposed yet, but a leader was asked for. */
  setsToCome(): readonly Members[] {
    const current = this.#world.members.inForce;
    if (current === null) return [];
    this.#asked = this.#asked.filter(
      ({ leader, starts, ballot }) => leader.starts === starts && leader.replica?.state().ballot === ballot,
    );
    return this.#asked.flatMap(({ target }) => this.#steps(current, target));
  }

  /** Whether the set in force is the wished one, as far as machines can be had. */
  isContent(): boolean {
    const current = this.#world.members.inForce;
    if (this.#frozen) return true;
    if (current === null) return false;
    const target = this.target(current);
    return sameMembers(current, target) || !this.#leavesEnough(current, target);
  }

  /** The set to ask for, seen from the one in force. */
  target(current: Members): Members {
    const members = [...current.voters, ...current.nonVoters];
    const voters: Member[] = [];
    const nonVoters: Member[] = [];
    for (const { id, incarnation, zone } of this.#world.nodes) {
      const role = this.roleOf(id);
      const present = members.find(({ node }) => node === id);
      if (role === "absent" || (incarnation === 0 && present === undefined)) continue;
      const member = { node: id, incarnation: incarnation === 0 ? present!.incarnation : incarnation, zone };
      (role === "voter" ? voters : nonVoters).push(member);
    }
    if (voters.length === 0) return current;
    return { voters, nonVoters, quorum: ruleOf(this.#world.config, voters.length), leaseMs: current.leaseMs };
  }

  #lookAgain(): void {
    this.#world.time.after(LOOK_MS, () => {
      this.#look();
      this.#lookAgain();
    });
  }

  #look(): void {
    if (this.#frozen || !this.isFormed) return;
    const leader = this.leader();
    if (leader === null || leader.process === null) return;
    const current = leader.replica!.state().governing.members;
    const target = this.target(current);
    if (sameMembers(current, target)) return;
    const { members } = this.#world;
    // The one who looks at an old leader's word would ask for what is past.
    if (members.inForce === null || !sameMembers(members.inForce, current)) return;
    if (!this.#leavesEnough(current, target)) return;
    const { replica, starts } = leader;
    this.#asked.push({ target, leader, starts, ballot: replica!.state().ballot });
    leader.process.enter(() => replica!.changeMembers(target, (error) => this.#told(error)));
  }

  /** Whether each set on the way can go on without the disks that may have lost something. */
  #leavesEnough(current: Members, target: Members): boolean {
    const { atlas } = this.#world;
    return this.#steps(current, target).every((set) => suffices(set, (node, life) => !atlas.isLost(node, life)));
  }

  /** The sets on the way: whoever is replaced by another life of its disk leaves first. */
  #steps(current: Members, target: Members): readonly Members[] {
    const wanted = [...target.voters, ...target.nonVoters];
    const voters = current.voters.filter(
      ({ node, incarnation }) => !wanted.some((member) => member.node === node && member.incarnation !== incarnation),
    );
    if (voters.length === 0) return [target];
    const isShrunk = voters.length < current.voters.length;
    const quorum = isShrunk && current.quorum.kind === "flexible" ? MAJORITY : current.quorum;
    return [{ ...current, voters, quorum }, target];
  }

  /** Whatever the answer, it is looked at again: a leader that is not open any more, or busy with another change, says so. */
  #told(error: QuorateError | null): void {
    if (error !== null) this.#world.hash.addText(error.code);
  }
}

/** The quorum rule of the configuration, for so many voters. */
export function ruleOf({ quorum }: Pick<RunConfig, "quorum">, voters: number): QuorumRule {
  if (quorum === "majority") return MAJORITY;
  if (quorum === "zones") return { kind: "zones", prepare: 0, accept: 0 };
  // The smaller accept quorum of flexible quorums: a write waits for fewer.
  const accept = Math.max(1, Math.floor(voters / 2));
  return { kind: "flexible", prepare: voters + 1 - accept, accept };
}
