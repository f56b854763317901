import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { importsOf, refusal, rooms } from "./import-rules.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder, "src"), { recursive: true, encoding: "utf8" })
    .map((file) => file.split(sep).join("/"))
    .filter((file) => /\.[cm]?[jt]sx?$/u.test(file))
    .sort();
}

for (const [name, room] of Object.entries(rooms)) {
  test(`every import in ${room.folder} is allowed by the import table`, () => {
    const files = sourceFiles(room.folder);
    assert.notEqual(files.length, 0, `${room.folder}/src has no source file`);
    const refused: string[] = [];
    for (const file of files) {
      for (const specifier of importsOf(file, readFileSync(join(root, room.folder, "src", file), "utf8"))) {
        const why = refusal(name, file, specifier);
        if (why !== null) refused.push(`${room.folder}/src/${file}: ${why}`);
      }
    }
    assert.deepEqual(refused, []);
  });

  test(`the manifest of ${room.folder} depends on what its row of the table names, and on nothing else`, () => {
    const manifest = JSON.parse(readFileSync(join(root, room.folder, "package.json"), "utf8")) as {
      dependencies?: Record<string, string>;
    };
    const fromTable = [
      ...room.arrows.map((entry) => entry.split("/").slice(0, 2).join("/")),
      ...Object.keys(room.libraries),
    ];
    // The command of a checked-out workspace runs the source, and only its bin loads tsx for that.
    if (name === "quorate") fromTable.push("tsx");
    assert.deepEqual(Object.keys(manifest.dependencies ?? {}).sort(), [...new Set(fromTable)].sort());
  });
}

test("the import table names every package that exists, and no other", () => {
  const packages = readdirSync(join(root, "packages"))
    .map((name) => `packages/${name}`)
    .filter((folder) => existsSync(join(root, folder, "package.json")));
  assert.deepEqual(
    Object.values(rooms)
      .map((room) => room.folder)
      .sort(),
    [...packages, "sim"].sort(),
  );
});

test("every way to name a module is seen: import, export from, import(), import type, import x = require()", () => {
  const source = `
    import "a"; import type { B } from "b"; import { type C } from "c"; export * from "d"; export { e } from "e";
    export type { F } from "f"; const g = await import("g"); type H = import("h").H; import i = require("i");
    const computed = await import(g); export const own = 1; // import "comment"
    const text = 'import "text"';`;
  assert.deepEqual(importsOf("x.ts", source), ["a", "b", "c", "d", "e", "f", "g", "h", "i", null]);
});

test("a source that does not parse is an error, not a file without imports", () => {
  assert.throws(() => importsOf("x.ts", "import { from"), /x\.ts does not parse/u);
});

const forbidden: readonly (readonly [room: string, file: string, specifier: string | null])[] = [
  ["paxos", "engine.ts", "@quorate/machine"],
  ["paxos", "engine.ts", "node:fs"],
  ["paxos", "engine.ts", "cbor-x"],
  ["paxos", "engine.ts", "../../machine/src/index.ts"],
  ["paxos", "engine.ts", "./ballot"],
  ["paxos", "engine.ts", null],
  ["machine", "cbor.ts", "cbor-x"],
  ["machine", "compose.ts", "fs"],
  ["check", "search.ts", "@quorate/machine"],
  ["kv", "client/kv.ts", "@quorate/lock"],
  ["kv", "client/kv.ts", "@quorate/client"],
  ["kv", "client/kv.ts", "sorted-btree"],
  ["lock", "machine/grant.ts", "@quorate/kv"],
  ["client", "client.ts", "@quorate/net"],
  ["client", "client.ts", "node:timers"],
  ["log", "wal/segment.ts", "node:fs"],
  ["log", "wal/segment.ts", "../replica/replica.ts"],
  ["log", "wal/segment.ts", "../snapshot/checkpoint.ts"],
  ["log", "wal/segment.ts", "../node/node-disk.ts"],
  ["log", "wal/segment.ts", "../index.ts"],
  ["log", "disk/disk.ts", "../transport/transport.ts"],
  ["log", "transport/transport.ts", "../disk/disk.ts"],
  ["log", "node/node-disk.ts", "../wal/segment.ts"],
  ["log", "suite/index.ts", "../node/index.ts"],
  ["log", "limits.ts", "./host/host.ts"],
  ["log", "index.ts", "./node/index.ts"],
  ["log", "unknown/file.ts", "../disk/disk.ts"],
  ["log", "host/host.ts", "@quorate/net"],
  ["net", "codec/tags.ts", "ws"],
  ["net", "codec/tags.ts", "node:buffer"],
  ["net", "codec/tags.ts", "../limits.ts"],
  ["net", "handshake.ts", "@quorate/kv"],
  ["net", "handshake.ts", "@quorate/log/node"],
  ["sim", "world/world.ts", "@quorate/log/node"],
  ["sim", "world/world.ts", "@quorate/net"],
  ["sim", "world/world.ts", "ws"],
  ["sim", "world/world.ts", "node:fs"],
  ["sim", "world/world.ts", "quorate"],
  ["quorate", "connect.ts", "@quorate/sim"],
  ["quorate", "connect.ts", "commander"],
  ["unknown", "index.ts", "./x.ts"],
];
for (const [room, file, specifier] of forbidden) {
  test(`${room}/src/${file} is refused the import of ${specifier ?? "something computed"}`, () => {
    assert.notEqual(refusal(room, file, specifier), null);
  });
}

const allowed: readonly (readonly [room: string, file: string, specifier: string])[] = [
  ["paxos", "quorum/zones.ts", "../ballot.ts"],
  ["kv", "machine/store.ts", "sorted-btree"],
  ["kv", "client/kv.ts", "@quorate/machine"],
  ["log", "host/host.ts", "../replica/replica.ts"],
  ["log", "host/host.ts", "../wal/group-log.ts"],
  ["log", "replica/replica.ts", "./reads.ts"],
  ["log", "wal/segment.ts", "../limits.ts"],
  ["log", "node/node-disk.ts", "../disk/disk.ts"],
  ["log", "node/node-disk.ts", "node:fs"],
  ["log", "index.ts", "./host/host.ts"],
  ["net", "handshake.ts", "./codec/tags.ts"],
  ["net", "websocket/node.ts", "ws"],
  ["sim", "world/network.ts", "@quorate/net/codec"],
  ["sim", "report/repro.ts", "node:fs"],
  ["quorate", "create-node.ts", "@quorate/log/node"],
];
for (const [room, file, specifier] of allowed) {
  test(`${room}/src/${file} may import ${specifier}`, () => {
    assert.equal(refusal(room, file, specifier), null);
  });
}
