import { type FaultDefinition, type Hit, lasting, NOTHING } from "./strike.ts";

/** Nothing completes. */
export const diskStall: FaultDefinition = {
  strike: ({ node }) => node.stallDisk(),
  words: ({ node }, fault) => `the disk of ${node} completes nothing ${lasting(fault)}`,
};

/** No space. */
export const diskFull: FaultDefinition = {
  strike: ({ node }) => node.fillDisk(),
  words: ({ node }, fault) => `the disk of ${node} has no space left ${lasting(fault)}`,
};

/** The next sync fails: of any file of a node, and mostly that is its log; or of a snapshot, whoever makes one. */
export const diskError: FaultDefinition = {
  strike: ({ world, node, fault: { choice } }) => {
    if (!ofSnapshot(choice)) return node.failSync(() => true);
    const isSnapshot = (path: string): boolean => path.startsWith("snapshot/");
    return world.whenDisk(
      (_who, { kind, path }) => kind === "sync" && isSnapshot(path),
      (who) => {
        who.failSync(isSnapshot);
      },
    );
  },
  words: ({ node }, { choice }) =>
    ofSnapshot(choice) ? "the next sync of a snapshot fails, whoever makes it" : `the next sync of ${node} fails`,
};

function ofSnapshot(choice: number): boolean {
  return choice % 2 === 1;
}

/** A disk damages what it was given, if the others can do without; then the process starts anew, and reads it. */
function damage(what: string, strike: (hit: Hit) => void): FaultDefinition {
  return {
    strike: (hit) => {
      const { world, node } = hit;
      if (!world.atlas.takes(node)) return NOTHING;
      strike(hit);
      return () => {
        node.kill();
        node.start();
      };
    },
    words: ({ node }, fault) => `${what} ${node}, which starts anew ${lasting(fault).replace("for", "after")}`,
  };
}

/** Bits change in what was synced. */
export const bitRot: FaultDefinition = damage("bits rot on the disk of", ({ node, fault }) => node.rot(fault.choice));

/** A write that was synced is not there. */
export const lostWrite: FaultDefinition = damage("a write is lost on the disk of", ({ node, fault }) =>
  node.spoilWrite("lost", fault.choice),
);

/** A write that was synced stands in another place. */
export const misdirectedWrite: FaultDefinition = damage("a write lands in the wrong place on the disk of", (hit) =>
  hit.node.spoilWrite("misdirected", hit.fault.choice),
);

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

/** Until the others have durably heard of what a disk writes takes about this. */
const HEARD_MS = 3500;

/**
 * A copy of a disk is made, and put back when the fault ends, if everybody else knows by then that the disk has written more; else the next such fault of
 * the same node puts it back. What has begun before the load ended is not put back after it.
 */
export const oldCopy: FaultDefinition = {
  strike: ({ world, node }) => {
    node.swapCopy();
    return () => {
      if (world.isFaulty) node.putBackCopy();
    };
  },
  lastsMs: ({ forMs }) => HEARD_MS + forMs,
  words: ({ node }, { forMs }) =>
    `the disk of ${node} is copied, and the copy is put back ${lasting({ forMs: HEARD_MS + forMs }).replace("for", "after")}`,
};
