import { stopped } from "./crash.ts";
import { both, type FaultDefinition, lasting, NOTHING } from "./strike.ts";

/** A client stands still. */
export const clientStop: FaultDefinition = {
  strike: ({ world, client }) => stopped(world, client),
  words: ({ client }, fault) => `${client} stands still ${lasting(fault)}`,
};

/** A client dies without a word, and another takes its place. */
export const clientDeath: FaultDefinition = {
  strike: ({ world, client }) => {
    world.replaceClient(client);
    return NOTHING;
  },
  words: ({ client }) => `${client} dies, and another takes its place`,
};

/** A client loses one node. */
export const clientCut: FaultDefinition = {
  strike: ({ world, client, node }) =>
    both(world.network.cut(client.id, node.id), world.network.cut(node.id, client.id)),
  words: ({ client, node }, fault) => `${client} and ${node} are cut off from each other ${lasting(fault)}`,
};
