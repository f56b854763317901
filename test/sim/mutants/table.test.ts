import assert from "node:assert/strict";
import { test } from "node:test";
import { FAULT_KINDS } from "@quorate/sim";
import {
  checksumOf,
  type Control,
  type HuntResult,
  type Mutant,
  nextStep,
  type Results,
  summaryOf,
  tableOf,
} from "@quorate/sim/mutants";

const ONE: Mutant = { id: "1a", what: "One.", patches: [], expects: ["A2"], revealedBy: ["power-loss"] };
const OTHER: Mutant = { ...ONE, id: "1b", what: "Other.", standsFor: "for another bug", revealedBy: "contention" };

const SOURCES = "abc";
const SURVIVED: Control = { without: ["power-loss"], seeds: 50, cpuSeconds: 20, violation: null, complete: true };
const BROKEN: Control = { ...SURVIVED, without: FAULT_KINDS, seeds: 3, violation: { invariant: "C2", witness: "" } };

function resultOf(mutant: Mutant, killed: boolean): HuntResult {
  const kill = {
    seeds: 4,
    cpuSeconds: 7,
    wallSeconds: 8,
    invariant: "J2",
    witness: "",
    seed: 4,
    faults: ["a fault"],
    kinds: ["kill"],
    faultsBefore: 9,
    shrinkRuns: 3,
    shrinkCpuSeconds: 5,
    isSmall: true,
    minimal: true,
  } as const;
  const { id } = mutant;
  return {
    id,
    patches: checksumOf(mutant),
    sources: SOURCES,
    seconds: 20,
    runs: 4,
    cpuSeconds: 9,
    kill: killed ? kill : null,
    control: killed && mutant === ONE ? SURVIVED : null,
  };
}

function results(...mutants: readonly HuntResult[]): Results {
  return { format: 2, clean: { ...SURVIVED, without: [] }, mutants };
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
  assert.match(tableOf([changed], found, SOURCES), /\| 1a \| One\. \| not hunted \|/);
});

test("the table tells runs, time, invariant, faults and control of each mutant, and what it stands for", () => {
  const page = tableOf([ONE, OTHER], results(resultOf(ONE, true), resultOf(OTHER, false)), SOURCES);
  assert.match(page, /\| 1a \| One\. \| 4 \| 7 \| J2 \| 9 → 1: kill \| survives 50 runs without power-loss \|/);
  assert.match(page, /\| 1b \| Other\. \*\(for another bug\)\* \| \*\*survived 4\*\* \|/);
  assert.match(
    tableOf([ONE], results({ ...resultOf(ONE, true), control: null }), SOURCES),
    /\| 9 → 1: kill \| not run \|/,
  );
  assert.match(page, /broke nothing in 50 runs/);
  assert.doesNotMatch(page, /Since then/);
});

test("of what contention alone reveals, what comes of it without any fault is told; of anything else, a violation without what reveals it stands out", () => {
  const controlled = (mutant: Mutant, control: Control): string =>
    tableOf([mutant], results({ ...resultOf(mutant, true), control }), SOURCES);
  assert.match(controlled(OTHER, BROKEN), /\| contention alone .* clients: C2 in run 3 without any fault \|/);
  assert.match(
    controlled(OTHER, { ...SURVIVED, without: FAULT_KINDS }),
    /\| contention alone .*: survives 50 runs without any fault \|/,
  );
  assert.match(controlled(ONE, { ...BROKEN, without: ["power-loss"] }), /\| \*\*C2 in run 3 without power-loss\*\* \|/);
});

test("results of other sources than those at hand are told", () => {
  assert.match(
    tableOf([ONE, OTHER], results(resultOf(ONE, true), { ...resultOf(OTHER, true), sources: "older" }), SOURCES),
    /Since then the sources were changed for 1b\./,
  );
});

test("what is known is not done again: a kill is made small, then controlled; other patches or lengths of runs are another hunt", () => {
  const wishes = { seconds: 20, shrinkCpuSecondsMax: 60, control: true };
  const known = resultOf(ONE, true);
  const rough = { ...known, kill: { ...known.kill!, isSmall: false } };
  assert.equal(nextStep(ONE, undefined, wishes), "hunt");
  assert.equal(nextStep(ONE, known, wishes), null);
  assert.equal(nextStep(ONE, known, { ...wishes, seconds: 10 }), "hunt");
  assert.equal(nextStep(ONE, rough, wishes), "shrink");
  assert.equal(nextStep(ONE, rough, { ...wishes, shrinkCpuSecondsMax: 0, control: false }), null);
  assert.equal(nextStep(ONE, { ...known, control: null }, wishes), "control");
  assert.equal(nextStep({ ...ONE, revealedBy: "contention" }, known, wishes), "control");
  assert.equal(nextStep(ONE, resultOf(ONE, false), wishes), null);
});
