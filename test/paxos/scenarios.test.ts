import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Player } from "./scenarios/player.ts";
import { type Line, parseScript, renderScript, type Script } from "./scenarios/script.ts";

const folder = fileURLToPath(new URL("scenarios", import.meta.url));
/** Writes the outputs anew instead of comparing them; every `expect` must hold all the same. */
const REWRITE = process.env["QUORATE_REWRITE"] === "1";

const scripts: readonly { name: string; source: string; script: Script }[] = readdirSync(folder)
  .filter((name) => name.endsWith(".txt"))
  .sort()
  .map((name) => {
    const source = readFileSync(join(folder, name), "utf8");
    return { name, source, script: parseScript(source) };
  });

for (const { name, source, script } of scripts) {
  test(`${name}: ${script.head.replaceAll("\n", " ").split(". ")[0]!}`, () => {
    const player = new Player();
    const played: Line[] = [];
    script.lines.forEach((line, index) => {
      try {
        played.push("command" in line ? { command: line.command, output: player.play(line.command) } : line);
      } catch (error) {
        const at = renderScript(script.lines.slice(0, index)).split("\n").length;
        if (REWRITE) writeFileSync(join(folder, name), renderScript([...played, ...script.lines.slice(index)]));
        const { command } = line as { command: string };
        throw new Error(`${name}:${at}: ${command}: ${(error as Error).message}`, { cause: error });
      }
    });
    player.end();
    const now = renderScript(played);
    if (REWRITE) writeFileSync(join(folder, name), now);
    else assert.equal(now, source, `${name} says something else now`);
  });
}

test("every scenario says at its head what it shows, and expects something", () => {
  for (const { name, script } of scripts) {
    assert.match(script.head, /^Shows: /m, name);
    assert.ok(
      script.lines.some((line) => "command" in line && line.command.startsWith("expect ")),
      name,
    );
  }
});

test("every rule of the engine has a scenario", () => {
  const shown = new Set(scripts.flatMap(({ script }) => script.rules));
  const rules = Array.from({ length: 22 }, (_, index) => index + 1);
  assert.deepEqual(
    rules.filter((rule) => !shown.has(rule)),
    [],
    "rules without a scenario",
  );
});
