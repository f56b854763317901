import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/** Every module that `entry` leads to inside the package, and what they import from elsewhere. */
function reached(entry: URL, files = new Set<string>(), outside = new Set<string>()): Set<string> {
  if (files.has(entry.href)) return outside;
  files.add(entry.href);
  for (const [, from] of readFileSync(entry, "utf8").matchAll(/^(?:import|export)[^;]*?from "([^"]+)";/gms)) {
    if (from!.startsWith(".")) reached(new URL(from!, entry), files, outside);
    else outside.add(from!);
  }
  return outside;
}

for (const entry of ["browser.ts", "codec/index.ts"]) {
  test(`what ${entry} leads to needs no Node and no ws`, () => {
    const outside = reached(new URL(`../../packages/net/src/${entry}`, import.meta.url));
    const allowed = ["@quorate/client", "@quorate/log", "@quorate/machine", "@quorate/paxos"];
    assert.ok(outside.size > 0);
    for (const name of outside) assert.ok(allowed.includes(name), name);
  });
}

test("nothing of the log but its types is reached from a browser", () => {
  const files = ["codec/peer-frame.ts", "dial-websocket.ts", "turn-writer.ts", "handshake.ts"];
  for (const file of files) {
    const source = readFileSync(new URL(`../../packages/net/src/${file}`, import.meta.url), "utf8");
    for (const line of source.split("\n")) {
      if (line.includes('from "@quorate/log"')) assert.match(line, /^import type /, `${file}: ${line}`);
    }
  }
});
