import assert from "node:assert/strict";
import { test } from "node:test";
import { BySlot } from "../../../sim/src/ghost/by-slot.ts";

test("what is kept by slot is found there and nowhere else, and told in order of slots", () => {
  const values = new BySlot<string>();
  values.set(4, "four");
  values.set(2, "two");
  values.set(4, "again");
  values.set(7, "seven");
  values.delete(7);
  values.delete(90);
  assert.deepEqual(
    [1, 2, 4, 7, 90].map((slot) => values.get(slot)),
    [undefined, "two", "again", undefined, undefined],
  );
  assert.deepEqual(
    [...values],
    [
      [2, "two"],
      [4, "again"],
    ],
  );
  values.clear();
  assert.deepEqual([...values], []);
});
