import type { SimulatedNode } from "../world/simulated-node.ts";
import { type FaultDefinition, lasting, NOTHING } from "./strike.ts";

/** After whoever proposes a change has sent it. */
const SENT_MS = 8;

/** A machine that is no voter becomes one, or a non-voter. */
export const membersAdd: FaultDefinition = {
  strike: ({ world, fault, node }) => {
    const outside = world.nodes.filter(({ id }) => world.operator.roleOf(id) !== "voter");
    const added = outside[fault.node % Math.max(1, outside.length)];
    if (added !== undefined) world.operator.wish(added.id, fault.choice % 4 === 0 ? "non-voter" : "voter");
    else world.operator.wish(node.id, "voter");
    return NOTHING;
  },
  words: (_names, { choice }) => `the operator adds a ${choice % 4 === 0 ? "non-voter" : "voter"}`,
};

/** A voter leaves, unless it is the last. */
export const membersRemove: FaultDefinition = {
  strike: ({ world, fault }) => {
    const { operator } = world;
    const voters = operator.voters();
    if (voters.length > 1) operator.wish(voters[fault.node % voters.length]!, "absent");
    return NOTHING;
  },
  words: () => "the operator removes a voter",
};

/** A voter leaves and another machine takes its place, in one wish. */
export const membersReplace: FaultDefinition = {
  strike: ({ world, fault }) => {
    const { operator } = world;
    const voters = operator.voters();
    const outside = world.nodes.filter(({ id }) => operator.roleOf(id) !== "voter");
    if (outside.length === 0) return NOTHING;
    operator.wish(voters[fault.node % voters.length]!, "absent");
    operator.wish(outside[fault.peer % outside.length]!.id, "voter");
    return NOTHING;
  },
  words: () => "the operator replaces a voter by another machine",
};

/** Every machine is given a role anew, in one wish. */
export const membersMany: FaultDefinition = {
  strike: ({ world, fault: { choice } }) => {
    const { operator, nodes } = world;
    const first = nodes[choice % nodes.length]!;
    for (const { id } of nodes) {
      const bits = (choice >>> (2 * (id % 14))) & 3;
      operator.wish(id, id === first.id || bits > 1 ? "voter" : bits === 1 ? "non-voter" : "absent");
    }
    return NOTHING;
  },
  words: () => "the operator gives every machine a role anew",
};

/** Whoever leads is removed. */
export const leaderRemoved: FaultDefinition = {
  strike: ({ world }) => {
    const { operator } = world;
    const leader = operator.leader();
    if (leader !== null && operator.voters().length > 1) operator.wish(leader.id, "absent");
    return NOTHING;
  },
  words: () => "the operator removes whoever leads",
};

/** A voter is replaced, or leaves where there is nobody else; and as the leader sends that change, it loses power, or all machines do. */
export const membersCrash: FaultDefinition = {
  strike: (hit) => {
    const { world, fault } = hit;
    const { choice } = fault;
    const isSpare = world.nodes.some(({ id }) => world.operator.roleOf(id) !== "voter");
    (isSpare ? membersReplace : membersRemove).strike(hit);
    let isOver = false;
    const down: SimulatedNode[] = [];
    const disarm = world.whenAccepts((leader) => {
      world.time.after((SENT_MS * ((choice >>> 4) % 64)) / 64, () => {
        if (isOver) return;
        down.push(...(hitsAll(choice) ? world.nodes : [leader]));
        for (const each of down) each.losePower(choice);
      });
    }, "members");
    return () => {
      isOver = true;
      disarm();
      for (const each of down) each.start();
    };
  },
  words: (_names, fault) =>
    `the operator replaces or removes a voter; as that is proposed, ${hitsAll(fault.choice) ? "all nodes lose" : "whoever leads loses"} power, until ${lasting(fault).replace("for ", "")} after this began`,
};

function hitsAll(choice: number): boolean {
  return choice % 2 === 1;
}

/** Whoever leads is told to hand over. */
export const transfer: FaultDefinition = {
  strike: ({ world, node }) => {
    world.operator.transferTo(node.id);
    return NOTHING;
  },
  words: ({ node }) => `the operator hands leadership over to ${node}`,
};

/** Whoever leads is told to stop leading. */
export const stepDown: FaultDefinition = {
  strike: ({ world }) => {
    world.operator.stepDown();
    return NOTHING;
  },
  words: () => "the operator tells the leader to step down",
};
