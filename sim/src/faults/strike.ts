import type { SimulatedClient } from "../world/simulated-client.ts";
import type { SimulatedNode } from "../world/simulated-node.ts";
import type { World } from "../world/world.ts";
import type { Fault } from "./schedule.ts";

/** What takes a fault back, if there is something to take back. */
type Undo = () => void;

const NOTHING: Undo = () => undefined;

function both(...undos: readonly Undo[]): Undo {
  return () => {
    for (const undo of undos) undo();
  };
}

/** Cuts every node of one side off from every node of the other; `clients` also those clients whose number the choice picks. */
function cutSides(world: World, isLeft: (id: number) => boolean): Undo {
  const undos: Undo[] = [];
  const ends = [...world.nodes.map(({ id }) => id), ...world.clients.map(({ id }) => id)];
  for (const from of ends) {
    for (const to of ends) if (from !== to && isLeft(from) !== isLeft(to)) undos.push(world.network.cut(from, to));
  }
  return both(...undos);
}

/** Lets a fault happen. One that does not fit, such as the death of a process that is dead, does nothing. Returns how it ends. */
export function strike(world: World, fault: Fault): Undo {
  const { kind, choice } = fault;
  const node = world.nodes[fault.node % world.nodes.length]!;
  const peer = world.nodes[fault.peer % world.nodes.length]!;
  const client = world.clients[fault.node % world.clients.length]!;
  const part = (choice % 1000) / 1000;
  const quiet = { loss: 0, twice: 0, delayMs: 0, reorderMs: 0 };
  switch (kind) {
    case "delay":
      return world.network.disturb({ ...quiet, delayMs: 400 * part });
    case "duplicate":
      return world.network.disturb({ ...quiet, twice: part });
    case "reorder":
      return world.network.disturb({ ...quiet, reorderMs: 50 * part });
    case "loss":
      return world.network.disturb({ ...quiet, loss: 0.5 * part });
    case "disk-stall":
      node.stalledToMs = Math.max(node.stalledToMs, world.time.nowMs + fault.forMs);
      return NOTHING;
    case "disk-full":
      return node.fillDisk();
    case "disk-error":
      return node.failSync();
    case "wall-jump":
      (choice % 2 === 0 ? node : client.process).clocks.jump((choice % 20_000) - 10_000);
      return NOTHING;
    case "pause":
      return stopped(world, node);
    case "sleep":
      if (node.process !== null) node.clocks.sleep();
      return both(() => node.clocks.wake(), stopped(world, node));
    case "client-stop":
      return stopped(world, client);
    case "client-death":
      world.replaceClient(client);
      return NOTHING;
    case "client-cut":
      return both(world.network.cut(client.id, node.id), world.network.cut(node.id, client.id));
    case "one-way":
      return node === peer ? NOTHING : world.network.cut(node.id, peer.id);
    case "partial":
      return node === peer ? NOTHING : both(world.network.cut(node.id, peer.id), world.network.cut(peer.id, node.id));
    case "isolate": {
      // With half of its clients, so that a leader that was left behind is still asked.
      const isLeft = (id: number): boolean => id === node.id || (id > 1023 && ((choice >>> (id % 16)) & 1) === 1);
      return cutSides(world, isLeft);
    }
    case "split":
      return cutSides(world, (id) => ((choice >>> (id % 24)) & 1) === 1);
    case "kill":
      node.kill();
      return () => node.start();
    case "power-loss":
      node.losePower(choice);
      return () => node.start();
    case "blackout":
      for (const each of world.nodes) each.losePower(choice);
      return () => {
        for (const each of world.nodes) each.start();
      };
  }
}

function stopped(world: World, { id, process }: SimulatedNode | SimulatedClient): Undo {
  if (process === null) return NOTHING;
  process.stop();
  world.observer.processPaused(id);
  return () => {
    process.resume();
    if (process.isAlive && !process.isStopped) world.observer.processResumed(id);
  };
}
