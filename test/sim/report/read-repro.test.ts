import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { configOf, type Repro, readRepro, scheduleOf } from "@quorate/sim";
import { finished } from "../../quorate/command.ts";

const folder = mkdtempSync(join(tmpdir(), "quorate-repro-"));
after(() => rmSync(folder, { recursive: true }));

const config = configOf(7, { seconds: 2, nodes: 3, without: [], plant: "none" });
const GOOD = {
  format: 2,
  machines: ["kv", "lock"],
  invariant: "C1",
  seed: 7,
  hash: "0",
  config,
  schedule: scheduleOf(7, config.kinds, 2, config.gapMs),
} as unknown as Repro;

function saved(text: string): string {
  const file = join(folder, "repro.json");
  writeFileSync(file, text);
  return file;
}

const WRONG: readonly (readonly [text: string, message: RegExp])[] = [
  ["", /it is no JSON/u],
  ["[]", /it must be an object/u],
  [JSON.stringify({ ...GOOD, format: 1 }), /"format" must be 2/u],
  [JSON.stringify({ ...GOOD, machines: "kv" }), /"machines" must be names/u],
  [JSON.stringify({ ...GOOD, invariant: "toString" }), /"invariant" must be one of the catalogue/u],
  [JSON.stringify({ ...GOOD, seed: -1 }), /"seed" must be a whole number/u],
  [JSON.stringify({ ...GOOD, config: {} }), /"config\.\w+" must be/u],
  [JSON.stringify({ ...GOOD, config: { ...config, nodes: 0 } }), /"config\.nodes" must be a number of 1 or more/u],
  [JSON.stringify({ ...GOOD, config: { ...config, nodes: 10 } }), /"config\.nodes" must be 9 at most/u],
  [JSON.stringify({ ...GOOD, config: { ...config, plant: "a tree" } }), /"config\.plant" must be one of none, sync/u],
  [JSON.stringify({ ...GOOD, config: { ...config, kinds: ["rust"] } }), /"config\.kinds" must be a list of delay/u],
  [JSON.stringify({ ...GOOD, schedule: [{ kind: "rust" }] }), /"schedule\[0\]\.kind" names a fault that is not known/u],
  [JSON.stringify({ ...GOOD, schedule: [{ kind: "kill" }] }), /"schedule\[0\]\.gapMs" must be a whole number/u],
];

test("a saved run is read as it was written; of one that is not whole, the first field that is wrong is named", () => {
  assert.deepEqual(readRepro(saved(JSON.stringify(GOOD))), JSON.parse(JSON.stringify(GOOD)));
  for (const [text, message] of WRONG) assert.throws(() => readRepro(saved(text)), { code: "BAD_REPRO", message });
  assert.throws(() => readRepro(join(folder, "none.json")), {
    code: "UNREADABLE",
    message: /none\.json cannot be read/u,
  });
});

test("the command that is to replay what it cannot says so in one line, and exits with 2", async () => {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const words = ["--conditions=quorate-source", "--import", "tsx", "sim/src/cli.ts", "--replay"];
  const file = saved(JSON.stringify({ ...GOOD, machines: ["counter"] }));
  const { code, stderr } = await finished(spawn(process.execPath, [...words, file], { cwd: root }));
  assert.equal(code, 2);
  assert.match(stderr, /^This is a run of "counter", and here is "kv" and "lock"\. .*simulate\(.*\n$/u);
});
