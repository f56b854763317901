import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { LOSE_ALL, MemoryDisk } from "@quorate/log";
import type { QuorateError } from "@quorate/machine";
import {
  decodeIdentity,
  encodeIdentity,
  type Identity,
  readIdentity,
  writeIdentity,
} from "../../../packages/log/src/host/identity.ts";

const IDENTITY: Identity = {
  cluster: "orders",
  node: 2,
  incarnation: 281_474_976_710_655,
  state: "agreed",
  members: [
    { node: 1, incarnation: 7 },
    { node: 2, incarnation: 281_474_976_710_655 },
  ],
};

describe("identity", () => {
  let later: (() => void)[] = [];
  let disk: MemoryDisk;

  function run(steps: number = 1_000): void {
    for (let step = 0; step < steps && later.length > 0; step++) later.shift()!();
  }

  function read(cluster: string = "orders", node: number = 2): Identity | QuorateError | null {
    const told: (Identity | QuorateError | null)[] = [];
    readIdentity(disk, cluster, node, (error, { identity }) => told.push(error ?? identity));
    run();
    assert.equal(told.length, 1);
    return told[0]!;
  }

  function write(identity: Identity, steps: number = 1_000): boolean {
    let done = false;
    writeIdentity(disk, identity, (error) => {
      assert.equal(error, null);
      done = true;
    });
    run(steps);
    return done;
  }

  function codeOf(answer: Identity | QuorateError | null): string {
    return answer !== null && "code" in answer ? answer.code : "";
  }

  beforeEach(() => {
    later = [];
    disk = new MemoryDisk({ later: (each) => later.push(each) });
  });

  it("What was encoded is decoded.", () => {
    assert.deepEqual(decodeIdentity(encodeIdentity(IDENTITY)), IDENTITY);
  });

  it("An empty folder has no identity.", () => {
    assert.equal(read(), null);
  });

  it("What was written is read, and a later one replaces it.", () => {
    assert.ok(write(IDENTITY));
    assert.deepEqual(read(), IDENTITY);
    assert.ok(write({ ...IDENTITY, state: "formed" }));
    assert.deepEqual(read(), { ...IDENTITY, state: "formed" });
    assert.deepEqual(disk.paths(), ["identity", "identity.copy"]);
  });

  it("A power loss at any step of a write leaves the identity before or the one after, whole, and both files alike.", () => {
    const next: Identity = { ...IDENTITY, state: "formed" };
    const outcomes = new Set<string>();
    for (let steps = 0; steps < 14; steps++) {
      later = [];
      disk = new MemoryDisk({ later: (each) => later.push(each) });
      assert.ok(write(IDENTITY));
      const done = write(next, steps);
      disk.crash(LOSE_ALL);
      later = [];
      const found = read();
      assert.ok(found !== null && "state" in found);
      assert.ok(found.state === "formed" || !done, `after ${steps} steps`);
      outcomes.add(`${found.state}, told: ${done}`);
      assert.deepEqual(disk.bytes("identity"), disk.bytes("identity.copy"));
    }
    assert.equal(outcomes.size, 3, "before, after, and after without that anybody was told");
  });

  it("A bit that flips anywhere in one of the two files costs nothing, and the damaged one is made anew.", () => {
    for (const path of ["identity", "identity.copy"]) {
      for (let position = 0; position < encodeIdentity(IDENTITY).length; position++) {
        later = [];
        disk = new MemoryDisk({ later: (each) => later.push(each) });
        assert.ok(write(IDENTITY));
        const whole = disk.bytes(path);
        disk.flip(path, position, position % 8);
        assert.deepEqual(read(), IDENTITY, `byte ${position} of ${path}`);
        assert.deepEqual(disk.bytes(path), whole);
      }
    }
  });

  it("Every changed bit is found.", () => {
    const bytes = encodeIdentity(IDENTITY);
    for (let position = 0; position < bytes.length; position++) {
      const bad = bytes.slice();
      bad[position]! ^= 1;
      assert.throws(
        () => decodeIdentity(bad),
        (error: QuorateError) => error.code === "LOG_CORRUPT" && error.detail["file"] === "identity",
        `at ${position}`,
      );
    }
  });

  it("A later format is refused as newer, not as damaged.", () => {
    const text = new TextDecoder().decode(encodeIdentity(IDENTITY)).split("\n");
    assert.equal(text[0], "quorate identity 1");
    assert.ok(write(IDENTITY));
    for (const path of disk.paths()) disk.flip(path, 0, 3);
    assert.equal(codeOf(read()), "LOG_CORRUPT");
  });

  it("The folder of another cluster or of another node is refused.", () => {
    assert.ok(write(IDENTITY));
    assert.equal(codeOf(read("invoices")), "WRONG_CLUSTER");
    assert.equal(codeOf(read("orders", 3)), "WRONG_CLUSTER");
  });

  it("A log without an identity is refused: nobody knows whose votes it holds.", () => {
    disk.create(
      "wal/000001",
      512,
      (_position, length) => new Uint8Array(length),
      () => undefined,
    );
    run();
    assert.equal(codeOf(read()), "WIPED");
  });
});
