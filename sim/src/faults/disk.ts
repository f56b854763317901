import { type FaultDefinition, lasting, NOTHING } from "./strike.ts";

/** Nothing completes. */
export const diskStall: FaultDefinition = {
  strike: ({ world, node, fault }) => {
    node.stalledToMs = Math.max(node.stalledToMs, world.time.nowMs + fault.forMs);
    return NOTHING;
  },
  words: ({ node }, fault) => `the disk of ${node} completes nothing ${lasting(fault)}`,
};

/** No space. */
export const diskFull: FaultDefinition = {
  strike: ({ node }) => node.fillDisk(),
  words: ({ node }, fault) => `the disk of ${node} has no space left ${lasting(fault)}`,
};

/** The next sync fails, and the log with it. */
export const diskError: FaultDefinition = {
  strike: ({ node }) => node.failSync(),
  words: ({ node }) => `the next sync of ${node} fails`,
};

/** The disk is replaced by an empty one, if the others can do without it. */
export const wipe: FaultDefinition = {
  strike: ({ world, node }) => {
    if (!world.atlas.takes(node)) return NOTHING;
    node.wipe();
    return () => node.start();
  },
  words: ({ node }, fault) =>
    `${node} loses its disk, and starts with an empty one ${lasting(fault).replace("for", "after")}`,
};
