import assert from "node:assert/strict";
import { test } from "node:test";
import { INVARIANTS } from "@quorate/sim";
import { CASES } from "./cases.ts";
import { Scene } from "./scene.ts";

/** Checked at the end of a run or by the run itself; their tests stand with those of runs and of histories. */
const ELSEWHERE = ["J1", "J5", "L1", "U1", "X1", "X2", "X3"];

for (const { id, before, broken, witness, machines, others = [] } of CASES) {
  test(`${id} is found when it is broken, and not before: ${INVARIANTS[id]}`, () => {
    const scene = new Scene(machines);
    before(scene);
    assert.deepEqual(scene.witnesses, [], "nothing is wrong yet");
    broken(scene);
    const first = scene.found.findIndex((each) => !others.some((other) => other === each));
    assert.equal(scene.found[first], id, scene.witnesses.join("\n"));
    assert.match(scene.witnesses[first]!, witness);
  });
}

test("every invariant of the catalogue has a case in which it is broken", () => {
  const covered = [...new Set([...CASES.map(({ id }) => id as string), ...ELSEWHERE])].sort();
  assert.deepEqual(covered, Object.keys(INVARIANTS).sort());
});
