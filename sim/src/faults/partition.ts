import type { World } from "../world/world.ts";
import { both, type FaultDefinition, lasting, NOTHING, type Undo } from "./strike.ts";

/** Ids of clients begin above this. */
const NODE_ID_MAX = 1023;

/** Cuts every node and client of one side off from every one of the other. */
function cutSides(world: World, isLeft: (id: number) => boolean): Undo {
  const undos: Undo[] = [];
  const ends = [...world.nodes.map(({ id }) => id), ...world.clients.map(({ id }) => id)];
  for (const from of ends) {
    for (const to of ends) if (from !== to && isLeft(from) !== isLeft(to)) undos.push(world.network.cut(from, to));
  }
  return both(...undos);
}

/** One direction of one link. */
export const oneWay: FaultDefinition = {
  strike: ({ world, node, peer }) => (node === peer ? NOTHING : world.network.cut(node.id, peer.id)),
  words: ({ node, peer }, fault) => `nothing passes from ${node} to ${peer} ${lasting(fault)}`,
};

/** Two nodes from each other, nobody else. */
export const partial: FaultDefinition = {
  strike: ({ world, node, peer }) =>
    node === peer ? NOTHING : both(world.network.cut(node.id, peer.id), world.network.cut(peer.id, node.id)),
  words: ({ node, peer }, fault) => `${node} and ${peer} are cut off from each other ${lasting(fault)}`,
};

/** One node with half of the clients, so that a leader that was left behind is still asked. */
export const isolate: FaultDefinition = {
  strike: ({ world, node, fault: { choice } }) =>
    cutSides(world, (id) => id === node.id || (id > NODE_ID_MAX && ((choice >>> (id % 16)) & 1) === 1)),
  words: ({ node }, fault) => `${node}, with some clients, is cut off from all others ${lasting(fault)}`,
};

/** Two sides. */
export const split: FaultDefinition = {
  strike: ({ world, fault: { choice } }) => cutSides(world, (id) => ((choice >>> (id % 24)) & 1) === 1),
  words: (_names, fault) => `the network falls into two sides ${lasting(fault)}`,
};
