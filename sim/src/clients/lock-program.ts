import { type HeldLock, lock } from "@quorate/lock";
import { QuorateError } from "@quorate/machine";
import { keyedBits, keyedFraction, Purpose } from "../world/keyed-random.ts";
import type { Program } from "./program.ts";

/** Longest wait for a lock, and longest time that it is held, on the client's clock. */
const WAIT_MS = 6000;
const HOLD_MS = 1500;
const LOCKS = 2;

/** Acquires exclusive locks, works under them, asserting at every step that it holds them, and releases them; or dies trying. */
export const lockProgram: Program = async (world, client, number) => {
  const locks = lock(client.caller, client.process.clock);
  const fraction = (count: number, what: number): number =>
    keyedFraction(world.seed, Purpose.program, number, count, what);
  for (let count = 1; world.isLoaded; count++) {
    await client.sleep(2 * world.config.thinkMs * fraction(count, 11));
    const name = `lock-${keyedBits(world.seed, Purpose.program, number, count, 12) % LOCKS}`;
    let held: HeldLock;
    try {
      held = await locks.acquire(name, { timeoutMs: WAIT_MS });
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      world.failed(client, error, `acquire of ${name} by client ${number}`);
      continue;
    }
    world.believers.granted(name, client, held);
    const steps = 1 + Math.floor(4 * fraction(count, 13));
    for (let step = 0; step < steps && world.isLoaded; step++) {
      await client.sleep((HOLD_MS / steps) * fraction(count, 20 + step));
      try {
        held.assertHeld();
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        break;
      }
      world.believers.asserted(name, client, held);
    }
    const lost = held.state === "lost";
    world.believers.gone(name, client, held, lost);
    try {
      await held.release();
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      world.failed(client, error, `release of ${name} by client ${number}`);
    }
  }
};
