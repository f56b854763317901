import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesOf, MUTANTS, ROWS, rowOf } from "@quorate/sim/mutants";

test("every anchor of every mutant stands exactly once in the sources, so that what it replaces is what it was written for", () => {
  const wrong = MUTANTS.flatMap(({ id, patches }) =>
    patches
      .filter((patch) => matchesOf(patch) !== 1)
      .map((patch) => `${id}: ${matchesOf(patch)} times in ${patch.file}: ${patch.anchor}`),
  );
  assert.deepEqual(wrong, []);
});

test("every row of the kill table has a mutant, and every mutant a name of its own and a patch that changes something", () => {
  const rows = new Set(MUTANTS.map(({ id }) => rowOf(id)));
  for (let row = 1; row <= ROWS; row++) assert.ok(rows.has(row), `row ${row}`);
  assert.equal(new Set(MUTANTS.map(({ id }) => id)).size, MUTANTS.length);
  for (const { id, patches } of MUTANTS) {
    assert.ok(patches.length > 0, id);
    for (const { anchor, replacement } of patches) assert.notEqual(anchor, replacement, id);
  }
});
