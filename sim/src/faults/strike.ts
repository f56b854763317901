import type { SimulatedClient } from "../world/simulated-client.ts";
import type { SimulatedNode } from "../world/simulated-node.ts";
import type { World } from "../world/world.ts";
import type { Fault } from "./schedule.ts";

/** What takes a fault back, if there is something to take back. */
export type Undo = () => void;

/** Nothing is to be taken back. */
export const NOTHING: Undo = () => undefined;

/** A fault that meets those whom it hits. */
export interface Hit {
  readonly world: World;
  readonly fault: Fault;
  readonly node: SimulatedNode;
  /** The other end of a link; may be `node`. */
  readonly peer: SimulatedNode;
  readonly client: SimulatedClient;
  /** From 0 to less than 1. */
  readonly part: number;
}

/** Whom a fault met in a run, beside those whom its numbers name. */
export interface Met {
  /** Who led as it struck; 0: nobody. */
  readonly leader: number;
  /** Whom it met later on, having lain in wait. */
  readonly later: readonly number[];
}

/** Whom a fault hits, by name. */
export interface Names {
  /** Whoever leads, as the fault strikes. */
  readonly leader: string;
  readonly node: string;
  readonly peer: string;
  readonly client: string;
}

/** What one kind of fault does, and what it is called. */
export interface FaultDefinition {
  /** Lets it happen. One that does not fit, such as the death of a process that is dead, does nothing. Returns how it ends. */
  strike(hit: Hit): Undo;
  /** How long it lasts. Default: as long as the fault says. */
  lastsMs?(fault: Fault): number;
  /** Plain language, without its time. */
  words(names: Names, fault: Fault): string;
}

/** Takes several back. */
export function both(...undos: readonly Undo[]): Undo {
  return () => {
    for (const undo of undos) undo();
  };
}

/** Takes back once, however often it is called. */
export function once(undo: Undo): Undo {
  let isDone = false;
  return () => {
    if (!isDone) undo();
    isDone = true;
  };
}

/** How much of it, from 0 to less than 1. */
export function partOf({ choice }: Fault): number {
  return (choice % 1000) / 1000;
}

/** How long a fault lasts, in words. */
export function lasting({ forMs }: Pick<Fault, "forMs">): string {
  return `for ${(forMs / 1000).toFixed(forMs < 1000 ? 3 : 1)} s`;
}
