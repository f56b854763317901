import type { SimulatedNode } from "../world/simulated-node.ts";
import { cutOff } from "./leader.ts";
import type { Fault } from "./schedule.ts";
import { both, type FaultDefinition, type Hit, lasting, NOTHING, type Undo } from "./strike.ts";

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
  words: ({ leader }) => `the operator removes ${leader}`,
};

/** A voter is replaced, or leaves where there is nobody else; as the leader sends that change, it or all lose power, or it is cut off from a majority. */
export const membersCrash: FaultDefinition = {
  strike: (hit) => {
    const { world, fault } = hit;
    const isSpare = world.nodes.some(({ id }) => world.operator.roleOf(id) !== "voter");
    (isSpare ? membersReplace : membersRemove).strike(hit);
    return endOf(fault) === "cut off" ? cutOffOver(hit) : losePowerOver(hit);
  },
  words: (_names, fault) =>
    `the operator replaces or removes a voter; as that is proposed, ${WORDS[endOf(fault)]}, until ${lasting(fault).replace("for ", "")} after this began`,
};

const WORDS = {
  "power lost": "whoever leads loses power",
  "all power lost": "all nodes lose power",
  "cut off": "whoever leads is cut off from a majority",
} as const;

function endOf({ choice }: Pick<Fault, "choice">): keyof typeof WORDS {
  return (["power lost", "all power lost", "cut off", "cut off"] as const)[choice % 4]!;
}

function losePowerOver({ world, fault }: Hit): Undo {
  const { choice } = fault;
  let isOver = false;
  const down: SimulatedNode[] = [];
  const disarm = world.whenAccepts((leader) => {
    world.time.after((SENT_MS * ((choice >>> 4) % 64)) / 64, () => {
      if (isOver) return;
      down.push(...(endOf(fault) === "all power lost" ? world.nodes : [leader]));
      for (const each of down) each.losePower(choice);
    });
  }, "members");
  return () => {
    isOver = true;
    disarm();
    for (const each of down) each.start();
  };
}

function cutOffOver({ world, fault }: Hit): Undo {
  let heal = NOTHING;
  const disarm = world.whenAccepts((leader) => {
    heal = cutOff(world, leader, fault.choice >>> 2);
  }, "members");
  return () => both(disarm, () => heal())();
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
  words: ({ leader }) => `the operator tells ${leader} to step down`,
};
