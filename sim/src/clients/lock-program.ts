import { lock } from "@quorate/lock";
import { QuorateError } from "@quorate/machine";
import { keyedBits, keyedFraction, Purpose } from "../world/keyed-random.ts";
import { FencedResource } from "./fenced-resource.ts";
import { LOCK_USES } from "./lock-operations.ts";
import type { Program } from "./program.ts";

/** Uses locks as the configuration says, one way after the other; or dies trying. What they protect outside the log is shared by all who run this program. */
export function lockProgram(): Program {
  const resources = new Map<string, FencedResource>();
  return async (world, client, number) => {
    const locks = lock(client.caller, client.process.clock);
    const { thinkMs, lockOperations } = world.config;
    const resource = (name: string): FencedResource => {
      const known = resources.get(name) ?? new FencedResource(name, world);
      resources.set(name, known);
      return known;
    };
    for (let count = 1; world.isLoaded; count++) {
      await client.sleep(2 * thinkMs * keyedFraction(world.seed, Purpose.program, number, count, 11));
      const bits = (what: number): number => keyedBits(world.seed, Purpose.program, number, count, what);
      const kind = lockOperations[bits(10) % lockOperations.length]!;
      try {
        await LOCK_USES[kind]({ world, client, locks, kind, resource, bits });
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        world.failed(client, error, `${kind} by client ${number}`);
      }
    }
  };
}
