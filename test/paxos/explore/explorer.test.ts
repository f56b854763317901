import assert from "node:assert/strict";
import { test } from "node:test";

import { type Bounds, explore } from "./explorer.ts";
import { LamportSystem } from "./lamport.ts";
import { StateTable } from "./state-table.ts";

const bounds: Bounds = { statesMax: 1_000_000, memoryMibMax: 4_096, violationsMax: 1 };
const silent = (): void => {};

test("Lamport's Paxos with 3 acceptors, 2 values and ballots 0 and 1 has exactly 3,921 states, the farthest 17 deep", () => {
  const { states, depth, complete, violations } = explore(new LamportSystem(3, 2, 2), bounds, silent);
  assert.deepEqual(
    { states, depth, complete, violations },
    { states: 3_921, depth: 17, complete: true, violations: [] },
  );
});

test("a search that reaches its bound says that it did not see everything", () => {
  const { states, complete, stopped } = explore(new LamportSystem(3, 2, 2), { ...bounds, statesMax: 1_000 }, silent);
  assert.ok(states >= 1_000 && states < 3_921, `${states} states`);
  assert.equal(complete, false);
  assert.equal(stopped, "1000 states seen");
});

test("the table of states tells states apart by every number, keeps their order, and grows", () => {
  const table = new StateTable(3);
  const state = new Int32Array(3);
  const count = 300_000;
  for (let number = 0; number < count; number++) {
    state.set([number % 7, number, -number]);
    assert.equal(table.add(state, number - 1), true);
  }
  for (let number = 0; number < count; number += 997) {
    state.set([number % 7, number, -number]);
    assert.equal(table.add(state, 0), false);
    table.read(number, state);
    assert.deepEqual(
      [...state],
      [number % 7, number, -number].map((part) => part | 0),
    );
    assert.equal(table.parentOf(number), number - 1);
  }
  assert.equal(table.size, count);
});
