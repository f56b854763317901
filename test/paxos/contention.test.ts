import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { idOf, play, stepsBy } from "./schedule.ts";
import type { Setup } from "./world.ts";

/** How often the property is tried: more by hand, `CONTENTIONS=20000`. */
const RUNS = Number(process.env["CONTENTIONS"] ?? 300);

/** Nobody waits: whoever can campaigns, accepts get to a few nodes, and the next ballot comes before they are counted. */
const duels = stepsBy({
  rival: 20,
  flow: 2,
  deliver: 60,
  sync: 14,
  propose: 4,
  campaign: 8,
  duplicate: 4,
  crash: 2,
  restart: 4,
  drop: 4,
});

const setups: fc.Arbitrary<Setup> = fc.record({
  voters: fc.constantFrom(3, 5),
  spare: fc.constant(0),
  leaseMs: fc.constant(0),
  drifts: fc.constant(false),
  messageEntriesMax: fc.constantFrom(64, 1),
  windowSlots: fc.constantFrom(256, 3),
  damages: fc.boolean(),
  seed: fc.nat(1_000_000),
});

test("with more than three contending ballots in a slot most of the time, no invariant breaks", () => {
  const contended: number[] = [];
  let first: string | null = null;
  fc.assert(
    fc.property(setups, fc.array(duels, { minLength: 60, maxLength: 200, size: "max" }), (setup, schedule) => {
      try {
        contended.push(play(setup, schedule).ghost.contention());
      } catch (error) {
        first ??= idOf(error);
        if (idOf(error) === first) throw error;
      }
    }),
    { numRuns: RUNS, seed: 5, endOnFailure: process.env["SCHEDULES_FAST"] === "1" },
  );
  contended.sort((one, other) => one - other);
  const more = contended.filter((ballots) => ballots > 3).length;
  const median = contended[Math.floor(contended.length / 2)]!;
  assert.ok(more > contended.length * 0.8, `more than three ballots in one slot: ${more} of ${contended.length} runs`);
  assert.ok(median >= 6, `the median run has ${median} ballots in its most contended slot`);
});
