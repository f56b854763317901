import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { idOf, play, setups, steps } from "./schedule.ts";

/** How often the property is tried: more by hand, `SCHEDULES=100000`. */
const RUNS = Number(process.env["SCHEDULES"] ?? 700);
const SEED = Number(process.env["SCHEDULES_SEED"] ?? 1);

test("no schedule of loss, delay, duplication, crashes, contending ballots and changes of members breaks an invariant", () => {
  let first: string | null = null;
  const sometimes = new Map<string, number>();
  fc.assert(
    fc.property(setups, fc.array(steps, { minLength: 10, maxLength: 160, size: "max" }), (setup, schedule) => {
      try {
        const world = play(setup, schedule);
        for (const [what, count] of world.ghost.sometimes) sometimes.set(what, (sometimes.get(what) ?? 0) + count);
      } catch (error) {
        first ??= idOf(error);
        if (idOf(error) === first) throw error;
      }
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: process.env["SCHEDULES_FAST"] === "1" },
  );
  for (const what of [
    "three ballots in one slot",
    "promise with votes",
    "paged promise",
    "no-op",
    "re-proposal",
    "reject",
    "membership change",
    "snapshot installed",
    "read confirmed",
    "lease read",
    "damaged record",
    "wiped disk",
  ])
    assert.ok((sometimes.get(what) ?? 0) > 0, `no run met: ${what}`);
});
