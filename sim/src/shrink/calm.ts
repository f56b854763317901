import fc from "fast-check";
import type { Fault } from "../faults/schedule.ts";
import { clientsOf, type RunConfig } from "../world/config.ts";
import type { Attempts } from "./attempts.ts";

/** Values that one field of one fault is tried with, at most. */
const TRIES_MAX = 3;

/** Fewer clients, nodes and keys. */
export async function calmLoad(attempts: Attempts): Promise<void> {
  const less: readonly Partial<RunConfig>[] = [
    { lockClients: 0 },
    { watchClients: 0 },
    { storeClients: 0 },
    { readClients: 0 },
    { kvClients: 0 },
    { kvClients: 1 },
    { nodes: 3 },
    { keys: 1 },
  ];
  for (const change of attempts.isOfUser ? [{ nodes: 3 }] : less) {
    const config = { ...attempts.best.config, ...change };
    if (clientsOf(config) > 0) await attempts.try({ ...attempts.best, config });
  }
}

/** Shorter faults, and plainer choices: each number is led towards 0 by fast-check's own shrinking of integers. */
export async function calmFaults(attempts: Attempts): Promise<void> {
  for (let index = 0; index < attempts.best.schedule.length; index++) {
    for (const field of ["forMs", "choice"] as const) await calmField(attempts, index, field);
  }
}

async function calmField(attempts: Attempts, index: number, field: "forMs" | "choice"): Promise<void> {
  const value = attempts.best.schedule[index]![field];
  const towards = fc.nat({ max: Math.max(1, value) });
  let tries = 0;
  for (const { value: calmer } of towards.shrink(value, undefined)) {
    if (attempts.isOver || ++tries > TRIES_MAX) return;
    const schedule = attempts.best.schedule.map((fault, at): Fault =>
      at === index ? { ...fault, [field]: calmer } : fault,
    );
    if (await attempts.try({ ...attempts.best, schedule })) return;
  }
}
