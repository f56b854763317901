import { keyedBits, Purpose } from "./keyed-random.ts";
import { suffices } from "./members-in-play.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { World } from "./world.ts";

/**
 * Who is healed once the faults are over: in half of the runs all machines. In the others machines are given up one by one, in an order of the seed,
 * as long as those that are left are a quorum of each set that may still decide: the rest is gone for good.
 */
export function chooseCore(world: World): readonly SimulatedNode[] {
  const { nodes, seed, config, operator } = world;
  const bits = keyedBits(seed, Purpose.core, 0);
  // A cluster is formed by all of its nodes together.
  if (config.kinds.length === 0 || bits % 2 === 0 || !operator.isFormed) return nodes;
  const sets = [...world.members.all(), ...operator.setsToCome()];
  let core: readonly SimulatedNode[] = nodes;
  const order = [...nodes].sort((left, right) => rank(seed, left) - rank(seed, right));
  for (const node of order) {
    const left = core.filter((each) => each !== node);
    const lives = (id: number, incarnation: number): boolean =>
      left.some((each) => each.id === id && each.incarnation === incarnation) && !world.atlas.isLost(id, incarnation);
    if (sets.every((members) => suffices(members, lives))) core = left;
  }
  return core;
}

/** What stays wrong with a machine that is not healed: it is off, or the core does not hear it, or it does not hear the core. For good. */
export function leaveBehind(world: World, node: SimulatedNode, core: readonly SimulatedNode[]): void {
  const bits = keyedBits(world.seed, Purpose.core, node.id, 1);
  if (bits % 2 === 0) return node.losePower(world.seed);
  node.start();
  for (const { id } of core) {
    if (bits % 4 === 1) world.network.cut(node.id, id);
    else world.network.cut(id, node.id);
  }
}

function rank(seed: number, { id }: SimulatedNode): number {
  return keyedBits(seed, Purpose.core, id);
}
