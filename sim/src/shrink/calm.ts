import fc from "fast-check";
import type { SubjectSize } from "../clients/program.ts";
import type { Fault } from "../faults/schedule.ts";
import type { RunConfig } from "../world/config.ts";
import type { Attempts } from "./attempts.ts";

/** Values that one field of one fault is tried with, at most. */
const TRIES_MAX = 3;

/** What is made less, one after the other, and how small. */
const LESS: readonly (readonly [SubjectSize | "nodes", number])[] = [
  ["lockClients", 0],
  ["watchClients", 0],
  ["storeClients", 0],
  ["readClients", 0],
  ["kvClients", 0],
  ["kvClients", 1],
  ["nodes", 3],
  ["keys", 1],
];

/** Fewer clients, nodes and keys. */
export async function calmLoad(attempts: Attempts): Promise<void> {
  for (const [size, value] of LESS) {
    const { config } = attempts.best;
    if (config[size] <= value || !(size === "nodes" || attempts.subjectOf(config).sizes.includes(size))) continue;
    const calmer: RunConfig = { ...config, [size]: value };
    if (attempts.subjectOf(calmer).programs.length > 0) await attempts.try({ ...attempts.best, config: calmer });
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
