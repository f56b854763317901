import { keyedBits, Purpose } from "../world/keyed-random.ts";
import type { SimulatedNode } from "../world/simulated-node.ts";
import type { World } from "../world/world.ts";
import type { Fault } from "./schedule.ts";
import { both, type FaultDefinition, lasting, NOTHING, once, type Undo } from "./strike.ts";

/** A storm is no shorter. */
const STORM_MS = 500;

/** Election timeouts after which a leader comes back, at most. */
const LATER = 3;

/** Cuts a leader off from all voters but so few that it is left with a minority, and from whoever has no vote: some have its values, and somebody else leads without knowing them. */
export function cutOff(world: World, { id }: SimulatedNode, choice: number): Undo {
  const undos: Undo[] = [];
  const voters = world.operator.voters().filter((voter) => voter !== id);
  const kept = choice % Math.max(1, Math.ceil(voters.length / 2));
  const first = (choice >>> 8) % Math.max(1, voters.length);
  const reached = new Set(voters.filter((_, index) => (index + first) % voters.length < kept));
  for (const other of world.nodes) {
    if (other.id === id || reached.has(other.id)) continue;
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
 * Each leader is cut off as it sends accepts, until a little after the next one is: ballots follow each other, each with its values at a minority, and
 * whoever comes next finds several of them in one slot. A little after: whoever comes back at once leads before the others do, and they never hold anything.
 */
export const leaderStorm: FaultDefinition = {
  strike: ({ world, fault: { choice } }) => {
    let cut = 0;
    const heals: Undo[] = [];
    let disarm = NOTHING;
    const wait = (): void => {
      disarm = world.whenAccepts((leader) => {
        wait();
        if (leader.id === cut) return;
        cut = leader.id;
        const bits = keyedBits(choice, Purpose.storm, heals.length);
        const before = heals.at(-1) ?? NOTHING;
        heals.push(once(cutOff(world, leader, bits)));
        world.time.after((LATER * world.config.electionTimeoutMs * (bits >>> 24)) / 256, before);
      });
    };
    wait();
    return () => both(disarm, ...heals)();
  },
  lastsMs: stormMs,
  words: (_names, fault) =>
    `each one who leads is cut off from a majority as it sends accepts, until a little after the next one is, ${lasting({ forMs: stormMs(fault) })}`,
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
