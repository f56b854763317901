import assert from "node:assert/strict";
import { test } from "node:test";
import { Script } from "node:vm";
import { lanesNamed, type Repro, type Trace, tracePage } from "@quorate/sim";
import { SAMPLE } from "./sample-trace.ts";

const REPRO = {
  format: 2,
  machines: ["kv", "lock"],
  invariant: "A2",
  sentence: "What leaves is on disk.",
  witness: "</script><b>node 2</b> forgot & forgave",
  atMs: 11,
  hash: "abc",
  story: ["1 power goes <off>"],
  ledger: ["faults: 9 → 1"],
  neighbours: ["without fault 1, everything holds"],
  seed: 3,
} as unknown as Repro;

const page = tracePage(REPRO, SAMPLE);

test("the page names nothing outside itself, and what a run says cannot become markup", () => {
  assert.doesNotMatch(page, /(?:src|href)=|https?:|url\((?!#)|@import/u);
  assert.equal(page.match(/<script>/gu)?.length, 1);
  assert.equal(page.match(/<\/script>/gu)?.length, 1);
  assert.ok(page.includes("&lt;/script&gt;&lt;b&gt;node 2&lt;/b&gt; forgot &amp; forgave"));
  assert.ok(page.includes("1 power goes &lt;off&gt;"));
});

test("the script of the page is a script, and its data are the trace", () => {
  const script = /<script>([\s\S]*)<\/script>/u.exec(page)![1]!;
  new Script(script);
  const [, json] = /^const trace = (.*);$/mu.exec(script)!;
  assert.deepEqual((JSON.parse(json!) as Trace).events, SAMPLE.events);
});

test("arrows go from lane to lane, a lost message ends in a cross, one that comes again is dashed, a dead process has a gap", () => {
  assert.equal(page.match(/class="m" data-k="accept"/gu)?.length, 1);
  assert.equal(page.match(/class="m again" data-k="accept"/gu)?.length, 1);
  assert.equal(page.match(/class="m lost" data-k="accept"/gu)?.length, 1);
  assert.equal(page.match(/class="life down"/gu)?.length, 1);
  assert.equal(page.match(/class="call"/gu)?.length, 1);
});

test("a witness that names nodes is about those, one that names clients about these and all nodes, any other about everybody", () => {
  const { lanes } = SAMPLE;
  assert.deepEqual(lanesNamed("nodes 1 and 3 are both open in ballot 2.2", lanes), [1, 3]);
  assert.deepEqual(lanesNamed("process 1 reads key-0 at revision 3", lanes), [1, 2, 3, 1025]);
  assert.deepEqual(lanesNamed("the sum is 3", lanes), [1, 2, 3, 1025]);
});
