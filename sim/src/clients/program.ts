import type { MachineDefinition, Shape } from "@quorate/machine";
import type { RunConfig } from "../world/config.ts";
import type { SimulatedClient } from "../world/simulated-client.ts";
import type { World } from "../world/world.ts";

/** What a user does: an async program over the clients of production. It ends, in order, soon after `world.isLoaded` is false. */
export type Program = (world: World, client: SimulatedClient, number: number) => Promise<void>;

/** A number of the configuration that a subject may be made by. */
export type SubjectSize = "lockClients" | "watchClients" | "storeClients" | "readClients" | "kvClients" | "keys";

/** What is put to the test: the machines of the log, who uses them, and what must hold of them once all is healed. */
export interface Subject {
  readonly machines: readonly MachineDefinition<Shape>[];
  /** Names of those machines that are this project's store and locks, whose commands and states are looked into. */
  readonly ownMachines: readonly string[];
  readonly programs: readonly Program[];
  /** Sizes of the configuration that this is made by: less of them is less of it. */
  readonly sizes: readonly SubjectSize[];
  /** Before each run: what is kept outside the cluster begins anew. */
  begin(): void;
  /** Runs after healing, when all programs have ended; may report. An error is one that the healed cluster should not have given. */
  readonly readBack: Program;
}

/** What runs of one kind put to the test, whatever their configuration. */
export type SubjectOf = (config: RunConfig) => Subject;

/** The machines of a subject, as a saved run names them and people read them. */
export function machineNames({ machines }: Subject): readonly string[] {
  return machines.map(({ name }) => name);
}
