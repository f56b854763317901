import { type HeldLock, lock } from "@quorate/lock";
import { QuorateError } from "@quorate/machine";
import { keyedBits, keyedFraction, Purpose } from "../world/keyed-random.ts";
import { acquire, force, type LockTurn, wantsOf, writeFenced } from "./lock-operations.ts";
import type { Program } from "./program.ts";

/** Longest time that a lock is held, on the client's clock. */
const HOLD_MS = 1500;

/** Acquires locks as the configuration says, works under them, asserting at every step that it holds them, and releases them; or dies trying. */
export const lockProgram: Program = async (world, client, number) => {
  const locks = lock(client.caller, client.process.clock);
  const { thinkMs, lockOperations } = world.config;
  const fraction = (count: number, what: number): number =>
    keyedFraction(world.seed, Purpose.program, number, count, what);
  for (let count = 1; world.isLoaded; count++) {
    await client.sleep(2 * thinkMs * fraction(count, 11));
    const bits = (what: number): number => keyedBits(world.seed, Purpose.program, number, count, what);
    const kind = lockOperations[bits(10) % lockOperations.length]!;
    const turn: LockTurn = { client, locks, kind, bits };
    const wants = wantsOf(turn);
    const name = wants.map(({ lock: each }) => each).join(" and ");
    let held: HeldLock | null = null;
    try {
      if (kind === "force") await force(turn);
      else held = await acquire(turn, wants);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      world.failed(client, error, `${kind} of ${name} by client ${number}`);
    }
    if (held === null) continue;
    world.believers.granted(wants, client, held);
    const steps = 1 + Math.floor(4 * fraction(count, 13));
    for (let step = 0; step < steps && world.isLoaded; step++) {
      await client.sleep((HOLD_MS / steps) * fraction(count, 20 + step));
      try {
        held.assertHeld();
        world.believers.asserted(held);
        if (kind === "fenced") await writeFenced(turn, held);
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        if (error.code !== "LOCK_LOST") world.failed(client, error, `write under ${name} by client ${number}`);
        break;
      }
    }
    const lost = held.state === "lost";
    world.believers.gone(client, held, lost);
    try {
      await held.release();
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      world.failed(client, error, `release of ${name} by client ${number}`);
    }
  }
};
