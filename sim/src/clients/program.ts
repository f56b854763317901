import type { SimulatedClient } from "../world/simulated-client.ts";
import type { World } from "../world/world.ts";

/** What a user does: an async program over the clients of production. It ends, in order, soon after `world.isLoaded` is false. */
export type Program = (world: World, client: SimulatedClient, number: number) => Promise<void>;
