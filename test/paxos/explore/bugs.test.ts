import assert from "node:assert/strict";
import { test } from "node:test";

import { BUGS } from "./bugs.ts";
import { explorePlanted } from "./run-planted.ts";

for (const [number, invariants] of [
  [5, ["A3"]],
  [6, ["A3"]],
  [7, ["B3", "C1"]],
  [11, ["B3", "B2", "C1"]],
  [12, ["C2"]],
] as const) {
  const bug = BUGS.find((one) => one.number === number)!;
  test(`the explorer finds it when ${bug.what}`, async () => {
    const { violations, violated } = await explorePlanted(bug, ["--states-max", "300000"]);
    assert.equal(violations, 1);
    assert.ok((invariants as readonly string[]).includes(violated[0]!.invariant), JSON.stringify(violated));
  });
}
