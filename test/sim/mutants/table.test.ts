import assert from "node:assert/strict";
import { test } from "node:test";
import { checksumOf, type HuntResult, type Mutant, type Results, summaryOf, tableOf } from "@quorate/sim/mutants";

const ONE: Mutant = { id: "1a", what: "One.", patches: [], expects: ["A2"], revealedBy: ["power-loss"] };
const OTHER: Mutant = { ...ONE, id: "1b", what: "Other.", standsFor: "for another bug", revealedBy: "contention" };

function resultOf(mutant: Mutant, killed: boolean): HuntResult {
  const kill = {
    seeds: 4,
    cpuSeconds: 7,
    wallSeconds: 8,
    invariant: "J2",
    witness: "",
    seed: 4,
    faults: ["a fault"],
    shrinkRuns: 3,
    isSmall: true,
    minimal: true,
  } as const;
  const { id } = mutant;
  return {
    id,
    patches: checksumOf(mutant),
    seconds: 20,
    runs: 4,
    cpuSeconds: 9,
    kill: killed ? kill : null,
    control: killed && mutant === ONE ? { seeds: 50, cpuSeconds: 20, violation: null, complete: true } : null,
  };
}

function results(...mutants: readonly HuntResult[]): Results {
  return { format: 1, clean: { seeds: 50, cpuSeconds: 9, violation: null, complete: true }, mutants };
}

test("a row is killed once every one of its mutants is; what has no mutant survives", () => {
  const both = summaryOf([ONE, OTHER], results(resultOf(ONE, true), resultOf(OTHER, true)));
  assert.equal(both.killed, 1);
  assert.ok(!both.survivors.includes("1a") && both.survivors.includes("2"));
  const half = summaryOf([ONE, OTHER], results(resultOf(ONE, true), resultOf(OTHER, false)));
  assert.equal(half.killed, 0);
  assert.ok(half.survivors.includes("1b") && !half.survivors.includes("1a"));
});

test("of the rows that were asked for alone, the others do not count as survivors", () => {
  const found = results(resultOf(ONE, true));
  assert.deepEqual(summaryOf([ONE], found, [1]), { killed: 1, total: 1, survivors: [] });
  assert.deepEqual(summaryOf([OTHER], found, [1]), { killed: 0, total: 1, survivors: ["1b"] });
});

test("a result of other patches is none: the mutant counts as not hunted", () => {
  const changed: Mutant = { ...ONE, patches: [{ file: "a", anchor: "b", replacement: "c" }] };
  const found = results(resultOf(ONE, true));
  assert.ok(summaryOf([changed], found).survivors.includes("1a"));
  assert.match(tableOf([changed], found), /\| 1a \| One\. \| not hunted \|/);
});

test("the table tells runs, time, invariant, faults and control of each mutant, and what it stands for", () => {
  const page = tableOf([ONE, OTHER], results(resultOf(ONE, true), resultOf(OTHER, false)));
  assert.match(page, /\| 1a \| One\. \| 4 \| 7 \| J2 \| 1 \| survives 50 runs without power-loss \|/);
  assert.match(page, /\| 1b \| Other\. \*\(for another bug\)\* \| \*\*survived 4\*\* \|/);
  assert.match(tableOf([ONE], results({ ...resultOf(ONE, true), control: null })), /\| J2 \| 1 \| not run \|/);
  assert.match(page, /broke nothing in 50 runs/);
});
