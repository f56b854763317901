import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { freePorts } from "quorate";

import { quorate, up } from "./command.ts";

/** Flips one bit inside `text`, where it stands in the log of one node. */
function damage(data: string, text: string): string {
  for (const name of readdirSync(join(data, "wal"))) {
    const path = join(data, "wal", name);
    const bytes = readFileSync(path);
    const at = bytes.indexOf(text);
    if (at < 0) continue;
    bytes[at]! ^= 4;
    writeFileSync(path, bytes);
    return `wal/${name}`;
  }
  throw new Error(`${text} is not in the log in ${data}`);
}

test("a byte that rots in the log of a stopped replica is found when it starts again, named, and repaired from its peers", async () => {
  const data = mkdtempSync(join(tmpdir(), "quorate-repair-"));
  const ports = await freePorts(3);
  let cluster = await up(ports, data);
  try {
    let env = { QUORATE_ENDPOINTS: cluster.endpoints };
    for (const key of ["a", "b", "c"]) {
      assert.equal((await quorate(["kv", "put", key, `what-stands-at-${key}`], env)).code, 0);
    }
    await cluster.stop();
    const file = damage(join(data, "2"), "what-stands-at-b");
    cluster = await up(ports, data);
    env = { QUORATE_ENDPOINTS: cluster.endpoints };
    assert.equal((await quorate(["kv", "put", "d", "after"], env)).code, 0);
    let replicas: Record<string, string | number>[] = [];
    // Each look takes a process of its own; the repair is there long before the last.
    for (let look = 0; look < 40; look++) {
      replicas = JSON.parse((await quorate(["status", "--json"], env)).stdout) as typeof replicas;
      const applied = new Set(replicas.map((replica) => replica["applied"]));
      if (applied.size === 1 && replicas.some((replica) => replica["repairedSlots"] === 1)) break;
    }
    const second = replicas.find((replica) => replica["node"] === 2)!;
    assert.equal(second["repairedSlots"], 1);
    assert.deepEqual([second["faultySlots"], second["vote"], second["damagedPlaces"]], [0, "", 1]);
    assert.match(String(second["damage"]), new RegExp(`^${file} at offset [1-9]`));
    assert.equal(new Set(replicas.map((replica) => replica["digest"])).size, 1);
    assert.equal((await quorate(["kv", "get", "b", "--at", "2"], env)).stdout, "what-stands-at-b\n");
  } finally {
    await cluster.stop();
    rmSync(data, { recursive: true });
  }
});
