import { KvError, kv } from "@quorate/kv";
import { QuorateError, type RequestId } from "@quorate/machine";
import { keyedBits, keyedFraction, Purpose } from "../world/keyed-random.ts";
import type { SimulatedClient } from "../world/simulated-client.ts";
import type { World } from "../world/world.ts";
import type { Report } from "../invariants/checker.ts";
import type { Program } from "./program.ts";
import { type Known, OPERATIONS } from "./store-operations.ts";

/** Calls of the kinds that the configuration names, on a few keys that all clients of this sort share. */
export const storeProgram: Program = async (world, client, number) => {
  const { keys, thinkMs, valueBytes, storeOperations } = world.config;
  const store = kv(client.caller);
  const report: Report = (invariant, witness) => world.report(invariant, witness);
  const known: Known = { modRevisions: new Map(), revision: 0 };
  for (let count = 1; world.isLoaded; count++) {
    const bits = (what: number): number => keyedBits(world.seed, Purpose.program, number, count, 40 + what);
    await client.sleep(2 * thinkMs * keyedFraction(world.seed, Purpose.program, number, count, 40));
    const kind = storeOperations[bits(9) % storeOperations.length]!;
    const value = `${number}-${count}`.padEnd(bits(8) % 4 === 0 ? valueBytes : 0, ".");
    const revision = await carriedOut(world, client, `${kind} by client ${number}`, () =>
      OPERATIONS[kind]({ store, known, value, keys, nodes: world.nodes.length, report, bits }),
    );
    known.revision = Math.max(known.revision, revision);
  }
};

/** The revision that a call ended with; 0: it failed. */
async function carriedOut(
  world: World,
  client: SimulatedClient,
  what: string,
  call: () => Promise<number>,
): Promise<number> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    // What the store refuses in words is a result like others: it is judged with them.
    if (error instanceof KvError) return 0;
    world.failed(client, error, what);
    if (error.outcome === "unknown" && error.request !== null) await asked(world, client, error.request, what);
    return 0;
  }
}

/** Asks what became of a request of unknown outcome: the log decides it by that. */
async function asked(world: World, client: SimulatedClient, request: RequestId, what: string): Promise<void> {
  try {
    const settled = await client.caller.settle(request);
    world.hash.addText(settled.outcome);
    world.checks?.asked(request, settled, what);
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    world.hash.addText(error.code);
  }
}
