/** MurmurHash3's 32-bit finalizer (A. Appleby, public domain): every bit of the input moves every bit of the output. */
function finish(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** What a number is asked for: each has a stream of its own, so that taking one fault out of a run leaves all other answers as they were. */
export const Purpose = {
  nodeSeed: 1,
  clientSeed: 2,
  clockRate: 3,
  clockStart: 4,
  frameDelay: 5,
  frameLoss: 6,
  frameTwice: 7,
  frameReorder: 8,
  clientDelay: 9,
  diskDelay: 10,
  sectorKept: 11,
  program: 12,
  swarm: 13,
  schedule: 14,
  core: 15,
  linkFlap: 16,
  checkpointEntries: 17,
  frameCorrupt: 30,
  clientCorrupt: 31,
  storm: 32,
} as const;

/** One of {@link Purpose}. */
export type PurposeId = (typeof Purpose)[keyof typeof Purpose];

/**
 * 32 bits that depend on the seed and on what is decided, and on nothing else: not on what was asked before.
 *
 * @param seed - of the run, an integer of 0 or more.
 */
export function keyedBits(
  seed: number,
  purpose: PurposeId,
  first: number,
  second: number = 0,
  third: number = 0,
): number {
  let hash = finish(seed ^ 0x9e3779b9);
  hash = finish(hash ^ Math.floor(seed / 2 ** 32));
  hash = finish(hash + Math.imul(purpose, 0x9e3779b1));
  hash = finish(hash ^ Math.imul(first, 0x85ebca77));
  hash = finish(hash + Math.imul(second, 0xc2b2ae3d));
  return finish(hash ^ Math.imul(third, 0x27d4eb2f));
}

/** From 0 to less than 1. */
export function keyedFraction(
  seed: number,
  purpose: PurposeId,
  first: number,
  second: number = 0,
  third: number = 0,
): number {
  return keyedBits(seed, purpose, first, second, third) / 2 ** 32;
}

/** 1 … 2^48: what processes are given as their random seed. */
export function keyedSeed(seed: number, purpose: PurposeId, first: number, second: number = 0): number {
  const high = keyedBits(seed, purpose, first, second, 1) & 0xffff;
  return high * 2 ** 32 + keyedBits(seed, purpose, first, second, 2) + 1;
}

/** 32 bits of a text, to key a decision by a name. FNV-1a. */
export function textBits(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
