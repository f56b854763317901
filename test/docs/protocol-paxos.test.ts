import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const docs = fileURLToPath(new URL("../../docs", import.meta.url));
const page = readFileSync(join(docs, "protocol-paxos.md"), "utf8");
const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1]!);

test("every link of the page on the protocol leads somewhere", () => {
  assert.deepEqual(
    links.filter((link) => !existsSync(resolve(docs, link))),
    [],
  );
});

test("every scenario illustrates something on the page on the protocol", () => {
  const scenarios = readdirSync(resolve(docs, "../test/paxos/scenarios")).filter((name) => name.endsWith(".txt"));
  assert.ok(scenarios.length >= 30, `${scenarios.length} scenarios`);
  assert.deepEqual(
    scenarios.filter((name) => !links.includes(`../test/paxos/scenarios/${name}`)),
    [],
  );
});

test("the page states every rule of the engine, by its number", () => {
  const stated = new Set([...page.matchAll(/^(\d+)\. \*\*/gm)].map((match) => Number(match[1])));
  const rules = Array.from({ length: 22 }, (_, index) => index + 1);
  assert.deepEqual(
    rules.filter((rule) => !stated.has(rule)),
    [],
  );
});
