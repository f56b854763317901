import assert from "node:assert/strict";
import { test } from "node:test";
import type { InvariantId } from "@quorate/sim";
import { ownSubject } from "../../../sim/src/clients/own-subject.ts";
import { configOf } from "../../../sim/src/faults/swarm.ts";
import { World } from "../../../sim/src/world/world.ts";

for (const invariant of ["I1", "I2", "I3"] satisfies InvariantId[]) {
  test(`${invariant} in the log counts, however wrong clocks were`, () => {
    const config = configOf(1, { seconds: 1, nodes: 3, without: [], plant: "none" });
    const world = new World(config, 1, [], ownSubject(config), [], true);
    world.clocksHold = false;
    world.report(invariant, "the log says so");
    assert.equal(world.violation?.invariant, invariant);
  });
}
