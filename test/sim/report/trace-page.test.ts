import assert from "node:assert/strict";
import { test } from "node:test";
import { Script } from "node:vm";
import { lanesNamed, type Repro, type Trace, traceEvent, tracePage } from "@quorate/sim";
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

test("two that are cut off from each other are shaded between their lanes, slanted where one direction is cut, and who had no part in it is narrow", () => {
  const { events } = SAMPLE;
  const cut = [
    traceEvent("cut", 3, 1, { peer: 3 }),
    traceEvent("cut", 5, 3, { peer: 1 }),
    traceEvent("heal", 8, 3, { peer: 1 }),
  ];
  const all = [...events, ...cut].toSorted((left, right) => left.atMs - right.atMs);
  const drawn = tracePage(REPRO, { ...SAMPLE, events: all });
  assert.equal(drawn.match(/<rect class="cut" /gu)?.length, 1, "while both directions are cut");
  assert.equal(drawn.match(/<rect class="cut one" /gu)?.length, 2, "before and after that");
  assert.match(drawn, /<text class="head"[^>]*>node 2</u);
  assert.match(
    drawn,
    /<text class="head"[^>]*>n3<title>node 3</u,
    "node 3 did nothing that node 2 could have heard of",
  );
});

test("two that are cut off from each other and do not stand side by side are shaded all the way, unless a shade between them shows it", () => {
  const shades = (cuts: readonly (readonly [from: number, to: number])[]): number => {
    const both = cuts.flatMap(([from, to]) => [
      traceEvent("cut", 11, from, { peer: to }),
      traceEvent("cut", 11, to, { peer: from }),
    ]);
    const drawn = tracePage(REPRO, { ...SAMPLE, events: [...SAMPLE.events, ...both] });
    return drawn.match(/<rect class="cut" /gu)?.length ?? 0;
  };
  // They stand as 2, 1, 3: node 2 had a part in it.
  assert.equal(shades([[2, 1]]), 1);
  assert.equal(shades([[2, 3]]), 2);
  assert.equal(
    shades([
      [2, 3],
      [1, 3],
    ]),
    1,
    "node 3 is alone",
  );
});

test("what the witness names is marked: its slots and its nodes", () => {
  const named = tracePage({ ...REPRO, witness: "node 2 recovers nothing in slot 1" }, SAMPLE);
  assert.ok(named.includes('const accused = {"slots":[1],"lanes":[2]};'));
  assert.ok(
    tracePage({ ...REPRO, witness: "the sum is 3" }, SAMPLE).includes('const accused = {"slots":[],"lanes":[]};'),
  );
});

test("words of one process do not stand over each other", () => {
  const ys = [...page.matchAll(/<text class="words" x="(\d+)" y="([\d.]+)"/gu)].map(
    ([, x, y]) => [x, Number(y)] as const,
  );
  const [dies, starts] = ys;
  assert.equal(dies?.[0], starts?.[0]);
  assert.ok(starts![1] - dies![1] >= 12);
});

test("a witness that names nodes is about those, one that names clients about these and all nodes, any other about everybody", () => {
  const { lanes } = SAMPLE;
  assert.deepEqual(lanesNamed("nodes 1 and 3 are both open in ballot 2.2", lanes), [1, 3]);
  assert.deepEqual(lanesNamed("process 1 reads key-0 at revision 3", lanes), [1, 2, 3, 1025]);
  assert.deepEqual(lanesNamed("read 7 of client 1025", lanes), [1, 2, 3, 1025], "by its identity too");
  assert.deepEqual(lanesNamed("the sum is 3", lanes), [1, 2, 3, 1025]);
});
