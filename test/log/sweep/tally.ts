import { aftermathOf, type Flip, wordsOf } from "./flip.ts";
import type { Scene } from "./scene.ts";

/** What a sweep came to. Everything but the first four numbers must be 0 or empty. */
export interface Tally {
  bytes: number;
  /** Something was learned or fetched from a peer. */
  repaired: number;
  /** Found, and nothing had to be repaired: what was damaged stands there twice, or no record was hurt. */
  found: number;
  /** Nothing noticed: fill that holds nothing, or that is written again before its use. */
  unaffected: number;
  /** Why a node did not serve, and how often. */
  readonly refused: Record<string, number>;
  /** Flips after which a node had no vote. */
  mute: number;
  /** Flips after which the cluster did not serve in time, with the first few reasons. */
  stuck: number;
  lost: number;
  diverged: number;
  /** The first few that were not as they must be. */
  readonly examples: string[];
}

const EXAMPLES_MAX = 10;

export function newTally(): Tally {
  return {
    bytes: 0,
    repaired: 0,
    found: 0,
    unaffected: 0,
    refused: {},
    mute: 0,
    stuck: 0,
    lost: 0,
    diverged: 0,
    examples: [],
  };
}

/** Flips these bits, all at once, and counts what came of it. */
export function count(tally: Tally, scene: Scene, flips: readonly Flip[]): void {
  tally.bytes += flips.length;
  const where = flips.map(({ node, path, position, bit }) => `node ${node} ${path} ${position}.${bit}`).join(", ");
  const note = (what: string): void => {
    if (tally.examples.length < EXAMPLES_MAX) tally.examples.push(`${where}: ${what}`);
  };
  try {
    const { isFound, silent, repaired, mute, refused, lost, isDiverged } = aftermathOf(scene, flips);
    if (repaired > 0) tally.repaired += 1;
    else if (isFound) tally.found += 1;
    else tally.unaffected += 1;
    if (silent.length > 0) note(`node ${silent.join(", ")} repaired, and reports nothing`);
    for (const why of refused) tally.refused[why] = (tally.refused[why] ?? 0) + 1;
    if (refused.length > 0) note(refused[0]!);
    if (mute.length > 0) {
      tally.mute += 1;
      note(`node ${mute.join(", ")} has no vote`);
    }
    if (lost.length > 0) {
      tally.lost += 1;
      note(`lost ${lost[0]!.replaceAll("\0", "")}`);
    }
    if (isDiverged) {
      tally.diverged += 1;
      note("the replicas differ");
    }
  } catch (thrown) {
    tally.stuck += 1;
    note(wordsOf(thrown));
  }
}

/** Whether nothing happened that must not. */
export function isGood(tally: Tally): boolean {
  const { refused, mute, stuck, lost, diverged } = tally;
  return Object.keys(refused).length + mute + stuck + lost + diverged === 0;
}

/** All files of the disk of one node, with their lengths. */
export function filesOf(scene: Scene, node: number): readonly { readonly path: string; readonly bytes: number }[] {
  const disk = scene.disks.get(node)!;
  return disk.paths().map((path) => ({ path, bytes: disk.bytes(path).length }));
}

/** Every `step`-th byte of the files of a node, from byte `first` on and below `end`, with a bit that changes along. */
export function* flipsOf(
  scene: Scene,
  node: number,
  step: number,
  first: number = 0,
  end: number = Infinity,
): Generator<Flip> {
  let next = first;
  let base = 0;
  for (const { path, bytes } of filesOf(scene, node)) {
    for (; next < Math.min(base + bytes, end); next += step)
      yield { node, path, position: next - base, bit: (next * 5) % 8 };
    base += bytes;
  }
}
