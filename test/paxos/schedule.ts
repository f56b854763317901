import fc from "fast-check";
import { GhostError } from "./ghost.ts";
import { OPERATIONS, type Setup, type Step, World } from "./world.ts";

/** Few nodes, small messages and windows, so that the rare cases come often. */
export const setups: fc.Arbitrary<Setup> = fc.record({
  voters: fc.constantFrom(3, 3, 5, 2, 4, 1),
  spare: fc.constantFrom(0, 1, 2),
  leaseMs: fc.constantFrom(0, 0, 200),
  drifts: fc.boolean(),
  messageEntriesMax: fc.constantFrom(64, 2, 1),
  windowSlots: fc.constantFrom(256, 8, 3),
  damages: fc.boolean(),
  seed: fc.nat(1_000_000),
});

/** Harmless steps first: shrinking goes that way. */
const weights: Record<Step["operation"], number> = {
  flow: 30,
  tick: 8,
  deliver: 30,
  duplicate: 5,
  drop: 4,
  sync: 14,
  propose: 14,
  campaign: 10,
  crash: 4,
  restart: 6,
  cut: 5,
  heal: 4,
  read: 6,
  change: 5,
  checkpoint: 2,
  transfer: 1,
  suspect: 2,
  damage: 1,
  wipe: 3,
  rival: 2,
};

/** One step, each operation as often as its weight says; harmless ones first. */
export function stepsBy(weightOf: Partial<Record<Step["operation"], number>>): fc.Arbitrary<Step> {
  return fc.record({
    operation: fc.constantFrom(...OPERATIONS.flatMap((one) => Array.from({ length: weightOf[one] ?? 0 }, () => one))),
    a: fc.nat(1_000),
    b: fc.nat(1_000),
    c: fc.nat(1_000),
  });
}

export const steps: fc.Arbitrary<Step> = stepsBy(weights);

/** Plays a schedule to its end and heals. Returns the world; throws what the ghost or an engine throws. */
export function play(setup: Setup, schedule: readonly Step[], tracing = false): World {
  const world = new World(setup);
  const trace = tracing ? world.traced() : null;
  try {
    for (const step of schedule) {
      trace?.lines.push(`# ${JSON.stringify(step)}`);
      world.step(step);
    }
    trace?.lines.push("# heal");
    world.heal();
  } catch (error) {
    if (trace !== null) process.stderr.write(`${trace.lines.join("\n")}\n`);
    throw error;
  }
  return world;
}

/** What a failure is called: shrinking must not slip from one to another. */
export const idOf = (error: unknown): string =>
  error instanceof GhostError ? error.id : error instanceof Error ? error.message.slice(0, 24) : "?";
