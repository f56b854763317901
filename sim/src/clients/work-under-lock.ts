import type { HeldLock, Want } from "@quorate/lock";
import { QuorateError } from "@quorate/machine";
import { HeldLockJudge } from "../invariants/held-lock.ts";
import type { LockTurn } from "./lock-operations.ts";

/** Longest time that a lock is held, on the client's clock. */
const HOLD_MS = 1500;
const STEPS_MAX = 4;

/** Works under a lock, step by step, asserting at each that it is held, and acting; ends before its time where it is lost, or an act fails. */
export async function work(
  { world, client, kind, bits }: LockTurn,
  wants: readonly Want[],
  held: HeldLock,
  act: (held: HeldLock) => Promise<void>,
): Promise<void> {
  const name = wants.map(({ lock }) => lock).join(" and ");
  world.believers.granted(wants, client, held);
  const judge = new HeldLockJudge((id, witness) => world.report(id, witness), held, `client ${client.id}`);
  const steps = 1 + (bits(13) % STEPS_MAX);
  for (let step = 0; step < steps && world.isLoaded; step++) {
    await client.sleep(((HOLD_MS / steps) * (bits(30 + step) % 1000)) / 1000);
    try {
      judge.look();
      held.assertHeld();
      world.believers.asserted(held);
      await act(held);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      if (error.code !== "LOCK_LOST") world.failed(client, error, `${kind} under ${name} by client ${client.id}`);
      break;
    }
  }
  judge.look();
  world.believers.gone(client, held, held.state === "lost");
}
