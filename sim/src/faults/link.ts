import type { Noise } from "../world/network.ts";
import { type FaultDefinition, lasting } from "./strike.ts";

const QUIET: Noise = { loss: 0, twice: 0, delayMs: 0, reorderMs: 0 };
const DELAY_MS = 400;
const REORDER_MS = 50;
const LOSS = 0.5;

function noise(what: string, of: (part: number) => Partial<Noise>): FaultDefinition {
  return {
    strike: ({ world, part }) => world.network.disturb({ ...QUIET, ...of(part) }),
    words: (_names, fault) => `all links between nodes ${what} ${lasting(fault)}`,
  };
}

/** Frames take longer, in order. */
export const delay: FaultDefinition = noise("are slow", (part) => ({ delayMs: DELAY_MS * part }));
/** Frames arrive twice. */
export const duplicate: FaultDefinition = noise("repeat frames", (part) => ({ twice: part }));
/** Frames overtake each other. */
export const reorder: FaultDefinition = noise("let frames overtake each other", (part) => ({
  reorderMs: REORDER_MS * part,
}));
/** Frames are lost. */
export const loss: FaultDefinition = noise("lose frames", (part) => ({ loss: LOSS * part }));
