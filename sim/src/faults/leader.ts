import { keyedBits, Purpose } from "../world/keyed-random.ts";
import type { SimulatedNode } from "../world/simulated-node.ts";
import type { World } from "../world/world.ts";
import type { Fault } from "./schedule.ts";
import { both, type FaultDefinition, lasting, NOTHING, type Undo } from "./strike.ts";

/** A storm is no shorter. */
const STORM_MS = 500;

/** Cuts a leader off from all but a minority: some have its values, and somebody else leads without knowing them. */
function cutOff(world: World, { id }: SimulatedNode, choice: number): Undo {
  const undos: Undo[] = [];
  const others = world.nodes.filter((node) => node.id !== id);
  const kept = choice % Math.max(1, Math.ceil(others.length / 2));
  const first = (choice >>> 8) % Math.max(1, others.length);
  for (const [index, other] of others.entries()) {
    if ((index + first) % others.length < kept) continue;
    undos.push(world.network.cut(id, other.id), world.network.cut(other.id, id));
  }
  return both(...undos);
}

/** The next leader that sends accepts is cut off. */
export const leaderCutOff: FaultDefinition = {
  strike: ({ world, fault: { choice } }) => {
    let heal = NOTHING;
    const disarm = world.whenAccepts((leader) => {
      heal = cutOff(world, leader, choice);
    });
    return () => both(disarm, () => heal())();
  },
  words: (_names, fault) => `whoever leads is cut off from a majority as it sends accepts, ${lasting(fault)}`,
};

/**
 * Each leader is cut off as it sends accepts, until the next one is: ballots follow each other, each with its values at a minority, and whoever comes next
 * finds several of them in one slot.
 */
export const leaderStorm: FaultDefinition = {
  strike: ({ world, fault: { choice } }) => {
    let cut = 0;
    let heal = NOTHING;
    let disarm = NOTHING;
    let count = 0;
    const wait = (): void => {
      disarm = world.whenAccepts((leader) => {
        wait();
        if (leader.id === cut) return;
        cut = leader.id;
        count += 1;
        const healed = heal;
        heal = cutOff(world, leader, keyedBits(choice, Purpose.storm, count));
        healed();
      });
    };
    wait();
    return () => both(disarm, () => heal())();
  },
  lastsMs: stormMs,
  words: (_names, fault) =>
    `each one who leads is cut off from a majority as it sends accepts, until the next one is, ${lasting({ forMs: stormMs(fault) })}`,
};

/** Long enough for a few elections. */
function stormMs({ forMs }: Pick<Fault, "forMs">): number {
  return STORM_MS + 2 * forMs;
}

/** The next leader that sends accepts loses power right after it. */
export const leaderCrash: FaultDefinition = {
  strike: ({ world, fault: { choice } }) => {
    let isOver = false;
    let start: Undo = () => undefined;
    const disarm = world.whenAccepts((leader) => {
      world.time.after(choice % 4, () => {
        if (isOver) return;
        if (choice % 8 < 4) leader.losePower(choice);
        else leader.kill();
        start = () => leader.start();
      });
    });
    return () => {
      isOver = true;
      disarm();
      start();
    };
  },
  words: (_names, fault) =>
    `whoever leads dies after it sent accepts, and starts anew ${lasting(fault).replace("for", "after")}`,
};
