import type { DiskOperation } from "@quorate/log";
import type { SimulatedClient } from "../world/simulated-client.ts";
import type { SimulatedNode } from "../world/simulated-node.ts";
import type { World } from "../world/world.ts";
import type { Fault } from "./schedule.ts";
import { both, type FaultDefinition, lasting, NOTHING, type Undo } from "./strike.ts";

const LOG_FOLDER = "wal/";
/** A file is made within about this; a unit of the log is written and synced. */
const MADE_MS = 6;
const WRITTEN_MS = 2;

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

/** A machine sleeps: its monotonic clock stands still. One time in four it is that of a client. */
export const sleep: FaultDefinition = {
  strike: ({ world, node, client, fault }) => {
    if (sleepsAtClient(fault)) {
      const { process } = client;
      process.clocks.sleep();
      return both(() => process.clocks.wake(), stopped(world, client));
    }
    if (node.process !== null) node.clocks.sleep();
    return both(() => node.clocks.wake(), stopped(world, node));
  },
  words: ({ node, client }, fault) =>
    `the machine of ${sleepsAtClient(fault) ? client : node} sleeps ${lasting(fault)}`,
};

function sleepsAtClient({ choice }: Fault): boolean {
  return choice % 4 === 0;
}

/** A process dies; what it wrote is kept. */
export const kill: FaultDefinition = {
  strike: ({ node }) => {
    node.kill();
    return () => node.start();
  },
  words: ({ node }, fault) => `${node} is killed, and starts anew ${lasting(fault).replace("for", "after")}`,
};

/** A machine loses power, and what was not synced with it: kept, lost or torn, sector by sector. Most of them as it writes its log: most of the time it does not. */
export const powerLoss: FaultDefinition = {
  strike: ({ world, node, fault: { choice } }) => {
    if (!asItWrites(choice)) {
      node.losePower(choice);
      return () => node.start();
    }
    const isSuch = (who: SimulatedNode, { kind, path }: DiskOperation): boolean =>
      who === node && kind === "write" && path.startsWith(LOG_FOLDER);
    return powerLostOver(world, isSuch, WRITTEN_MS, choice);
  },
  words: ({ node }, fault) =>
    asItWrites(fault.choice)
      ? `${node} loses power as it writes its log, and starts anew ${lasting(fault).replace("for", "after")}`
      : `${node} loses power ${lasting(fault)}`,
};

function asItWrites(choice: number): boolean {
  return choice % 4 !== 0;
}

/** Whoever makes a file next, a segment or a snapshot, loses power on the way or right after it. */
export const fileCrash: FaultDefinition = {
  strike: ({ world, fault: { choice } }) => {
    const folder = folderOf(choice);
    const isSuch = (_who: SimulatedNode, { kind, path }: DiskOperation): boolean =>
      kind === "create" && path.startsWith(folder);
    return powerLostOver(world, isSuch, MADE_MS, choice, () => world.coverage.hit("power lost while a file was made"));
  },
  words: (_names, fault) =>
    `whoever makes a file in ${folderOf(fault.choice)} loses power over it, and starts anew ${lasting(fault).replace("for", "after")}`,
};

function folderOf(choice: number): string {
  return choice % 2 === 0 ? LOG_FOLDER : "snapshot/";
}

/** Within `withinMs` of the next such operation of a disk its machine loses power. */
function powerLostOver(
  world: World,
  isSuch: (node: SimulatedNode, operation: DiskOperation) => boolean,
  withinMs: number,
  choice: number,
  lost: () => void = NOTHING,
): Undo {
  let isOver = false;
  let start: Undo = NOTHING;
  const disarm = world.whenDisk(isSuch, (node) => {
    world.time.after((withinMs * ((choice >>> 4) % 64)) / 64, () => {
      if (isOver) return;
      lost();
      node.losePower(choice);
      start = () => node.start();
    });
  });
  return () => {
    isOver = true;
    disarm();
    start();
  };
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
