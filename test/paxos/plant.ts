import { nodeArguments, type Patch, withPlanted as withPlantedSources } from "@quorate/sim/mutants";

export { nodeArguments, type Patch };

/**
 * A temporary copy of the sources and of the engine's tests with the patches in it, whose files are named relative to
 * `packages/paxos/src`. `run` gets its folder. Throws if an anchor does not match exactly once.
 */
export function withPlanted<T>(patches: readonly Patch[], run: (folder: string) => Promise<T>): Promise<T> {
  const placed = patches.map((patch) => ({ ...patch, file: `packages/paxos/src/${patch.file}` }));
  return withPlantedSources(placed, run, ["test/paxos"]);
}
