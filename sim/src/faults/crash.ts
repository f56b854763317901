import type { SimulatedClient } from "../world/simulated-client.ts";
import type { SimulatedNode } from "../world/simulated-node.ts";
import type { World } from "../world/world.ts";
import { both, type FaultDefinition, lasting, NOTHING, type Undo } from "./strike.ts";

/** A file is made within about this. */
const FILE_MADE_MS = 6;

/** A process stops for as long as the fault lasts: a stall of its event loop, a debugger, a machine that swaps. */
export function stopped(world: World, { id, process }: SimulatedNode | SimulatedClient): Undo {
  if (process === null) return NOTHING;
  process.stop();
  world.observer.processPaused(id);
  return () => {
    process.resume();
    if (process.isAlive && !process.isStopped) world.observer.processResumed(id);
  };
}

/** A process stands still while its clocks run. */
export const pause: FaultDefinition = {
  strike: ({ world, node }) => stopped(world, node),
  words: ({ node }, fault) => `${node} stands still ${lasting(fault)}`,
};

/** A machine sleeps: its monotonic clock stands still. */
export const sleep: FaultDefinition = {
  strike: ({ world, node }) => {
    if (node.process !== null) node.clocks.sleep();
    return both(() => node.clocks.wake(), stopped(world, node));
  },
  words: ({ node }, fault) => `the machine of ${node} sleeps ${lasting(fault)}`,
};

/** A process dies; what it wrote is kept. */
export const kill: FaultDefinition = {
  strike: ({ node }) => {
    node.kill();
    return () => node.start();
  },
  words: ({ node }, fault) => `${node} is killed, and starts anew ${lasting(fault).replace("for", "after")}`,
};

/** A machine loses power, and what was not synced with it: kept, lost or torn, sector by sector. */
export const powerLoss: FaultDefinition = {
  strike: ({ node, fault }) => {
    node.losePower(fault.choice);
    return () => node.start();
  },
  words: ({ node }, fault) => `${node} loses power ${lasting(fault)}`,
};

/** Whoever makes a file next, a segment or a snapshot, loses power on the way or right after it. */
export const fileCrash: FaultDefinition = {
  strike: ({ world, fault: { choice } }) => {
    let start: Undo = () => undefined;
    const folder = folderOf(choice);
    const disarm = world.whenMakesFile(
      (path) => path.startsWith(folder),
      (maker) => {
        world.time.after((FILE_MADE_MS * ((choice >>> 4) % 64)) / 64, () => {
          world.coverage.hit("power lost while a file was made");
          maker.losePower(choice);
          start = () => maker.start();
        });
      },
    );
    return () => {
      disarm();
      start();
    };
  },
  words: (_names, fault) =>
    `whoever makes a file in ${folderOf(fault.choice)} loses power over it, and starts anew ${lasting(fault).replace("for", "after")}`,
};

function folderOf(choice: number): string {
  return choice % 3 === 0 ? "wal/" : "snapshot/";
}

/** All machines lose power at once. */
export const blackout: FaultDefinition = {
  strike: ({ world, fault }) => {
    for (const each of world.nodes) each.losePower(fault.choice);
    return () => {
      for (const each of world.nodes) each.start();
    };
  },
  words: (_names, fault) => `all nodes lose power ${lasting(fault)}`,
};
