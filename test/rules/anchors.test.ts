import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { matchesOf } from "@quorate/sim/mutants";
import { BUGS } from "../paxos/explore/bugs.ts";
import { REMOVALS } from "./removals.ts";

const RULES = 26;

test("each place at which a rule is taken out, or a bug of the explorer planted, occurs exactly once in the sources", () => {
  const wrong = [...REMOVALS, ...BUGS]
    .flatMap(({ patches }) => patches)
    .map((patch) => ({ file: patch.file, anchor: patch.anchor, matches: matchesOf(patch) }))
    .filter(({ matches }) => matches !== 1);
  assert.deepEqual(wrong, []);
});

test("every rule has a removal, and every removal a test that is there", () => {
  const rules = new Set(REMOVALS.map(({ rule }) => rule));
  const missing = Array.from({ length: RULES }, (_, index) => index + 1).filter((rule) => !rules.has(rule));
  assert.deepEqual(missing, []);
  const lost = REMOVALS.map((removal) => removal.test).filter(
    (file) => !existsSync(fileURLToPath(new URL(`../../${file}`, import.meta.url))),
  );
  assert.deepEqual(lost, []);
});
