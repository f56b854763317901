import type { Noise } from "../world/network.ts";
import { both, type FaultDefinition, lasting, partOf } from "./strike.ts";

const QUIET: Noise = { loss: 0, twice: 0, delayMs: 0, reorderMs: 0, flap: 0, flapMs: 1, corrupt: 0 };
const DELAY_MS = 400;
const REORDER_MS = 50;
/** Longer than elections take, at most. */
const SLOW_MS = 2000;
const LOSS = 0.5;
/** Part of the time for which a flapping link is shut. */
const FLAP = 0.2;
const FLAP_SPREAD = 0.5;
const FLAP_MS = 20;
const FLAP_SPREAD_MS = 600;
/** Part of the frames that are damaged, at most. */
const CORRUPT = 0.1;

function noise(what: string, of: (part: number) => Partial<Noise>): FaultDefinition {
  return {
    strike: ({ world, part }) => world.network.disturb({ ...QUIET, ...of(part) }),
    words: (_names, fault) => `all links between nodes ${what} ${lasting(fault)}`,
  };
}

/**
 * Links come and go, each direction by itself: a leader reaches some of the others, and the next moment others of them. So accepts
 * reach minorities, and ballots follow each other before anything is chosen: what most bugs of the protocol need to show.
 */
export const flap: FaultDefinition = {
  strike: ({ world, fault, part }) =>
    world.network.disturb({
      ...QUIET,
      flap: FLAP + FLAP_SPREAD * part,
      flapMs: FLAP_MS + ((fault.choice >>> 10) % FLAP_SPREAD_MS),
    }),
  words: (_names, fault) => `all links between nodes come and go, each direction by itself, ${lasting(fault)}`,
};
/** Frames take longer, in order. */
export const delay: FaultDefinition = noise("are slow", (part) => ({ delayMs: DELAY_MS * part }));
/** What one node sends to another, or to all others, takes longer, in order: what it said in one ballot arrives in a later one. */
export const slowLink: FaultDefinition = {
  strike: ({ world, fault: { choice }, node, peer, part }) => {
    const others = isToAll(choice) ? world.nodes.filter((other) => other !== node) : [peer];
    return both(...others.map(({ id }) => world.network.slow(node.id, id, slowMs(part))));
  },
  words: ({ node, peer }, fault) => {
    const to = isToAll(fault.choice) ? "all others" : peer;
    return `what ${node} sends to ${to} takes ${slowMs(partOf(fault)).toFixed(0)} ms longer ${lasting(fault)}`;
  },
};

function isToAll(choice: number): boolean {
  return ((choice >>> 12) & 1) === 1;
}

function slowMs(part: number): number {
  return SLOW_MS * part ** 2;
}

/** Frames arrive twice. */
export const duplicate: FaultDefinition = noise("repeat frames", (part) => ({ twice: part }));
/** Frames overtake each other. */
export const reorder: FaultDefinition = noise("let frames overtake each other", (part) => ({
  reorderMs: REORDER_MS * part,
}));
/** Frames are lost. */
export const loss: FaultDefinition = noise("lose frames", (part) => ({ loss: LOSS * part }));
/** Bits of frames change, and frames end too early. */
export const corruptFrames: FaultDefinition = {
  strike: ({ world, part }) => world.network.disturb({ ...QUIET, corrupt: CORRUPT * part }),
  words: (_names, fault) => `links damage frames, those of clients too, ${lasting(fault)}`,
};
