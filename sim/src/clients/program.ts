import type { MachineDefinition, Shape } from "@quorate/machine";
import type { SimulatedClient } from "../world/simulated-client.ts";
import type { World } from "../world/world.ts";

/** What a user does: an async program over the clients of production. It ends, in order, soon after `world.isLoaded` is false. */
export type Program = (world: World, client: SimulatedClient, number: number) => Promise<void>;

/** What is put to the test: the machines of the log, who uses them, and what must hold of them once all is healed. */
export interface Subject {
  readonly machines: readonly MachineDefinition<Shape>[];
  /** Names of those machines that are this project's store and locks, whose commands and states are looked into. */
  readonly ownMachines: readonly string[];
  readonly programs: readonly Program[];
  /** Runs after healing, when all programs have ended; may report. An error is one that the healed cluster should not have given. */
  readonly readBack: Program;
}
