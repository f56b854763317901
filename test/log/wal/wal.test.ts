import assert from "node:assert/strict";
import { test } from "node:test";
import { KEEP_ALL, LOSE_ALL } from "../../../packages/log/src/disk/memory-disk.ts";
import { accepted, FORMED, Process, promised, textOf } from "./logs.ts";

test("what was told durable is there after a power loss that loses every unsynced byte", () => {
  const first = new Process();
  assert.equal(first.write(1, promised(1025), accepted(1, 1025)), 1);
  assert.equal(first.write(2, promised(2050)), 2);
  assert.equal(first.write(1, accepted(2, 1025), { kind: "chosen", slot: 1 }), 3);
  const second = first.crash(LOSE_ALL);
  const one = second.opened.groups.get(1)!.durable;
  assert.equal(one.promised, 1025);
  assert.equal(one.chosenTo, 1);
  assert.equal(one.unit, 3);
  assert.deepEqual(textOf(one.accepted), ["1@1025 value 1 of 1025", "2@1025 value 2 of 1025"]);
  assert.equal(second.opened.groups.get(2)!.durable.promised, 2050);
  assert.deepEqual(second.opened.faults, []);
});

test("all kinds of records come back as they were appended", () => {
  const first = new Process();
  const records = [
    { kind: "members", governing: { ...FORMED, slot: 4, floor: 3073 } },
    { kind: "chosen", slot: 5 },
    { kind: "faulty", slots: [7, 9, 10, 11] },
    { kind: "heard", peers: [{ node: 2, incarnation: 2 ** 47 + 1, life: 2 ** 47 + 9, unit: 77 }] },
    { kind: "lease", leaseMsMax: 1500.5 },
  ] as const;
  first.write(3, ...[1, 2, 3, 4, 5].map((slot) => accepted(slot, 1_026)));
  first.write(3, ...records, {
    kind: "accepted",
    entry: { slot: 6, ballot: 4099, origin: 1026, anchored: true, kind: "noop", bytes: new Uint8Array(0) },
  });
  const { durable } = first.crash(KEEP_ALL).opened.groups.get(3)!;
  assert.deepEqual(durable.governing, [{ ...FORMED, slot: 4, floor: 3073 }]);
  assert.equal(durable.chosenTo, 5);
  assert.deepEqual(durable.faulty, [7, 9, 10, 11]);
  assert.deepEqual(durable.heard, [{ node: 2, incarnation: 2 ** 47 + 1, life: 2 ** 47 + 9, unit: 77 }]);
  assert.equal(durable.leaseMsMax, 1500.5);
  assert.equal(durable.promised, 4099);
  assert.deepEqual(
    durable.accepted.slice(5).map(({ slot, origin, anchored, kind }) => ({ slot, origin, anchored, kind })),
    [{ slot: 6, origin: 1026, anchored: true, kind: "noop" }],
  );
});

test("a log that rolls over many segments reads every entry back, from the cache and from the disk", () => {
  const log = new Process();
  for (let slot = 1; slot <= 60; slot++) log.write(1, accepted(slot, 1025, `${slot}:`.padEnd(700, "x")));
  assert.ok(log.disk.paths().length > 5);
  const read = log.read(1, 1, 60);
  assert.deepEqual(
    read.map(({ slot }) => slot),
    Array.from({ length: 60 }, (_, index) => index + 1),
  );
  for (const one of read) assert.ok(new TextDecoder().decode(one.bytes).startsWith(`${one.slot}:x`));
  assert.deepEqual(
    log.read(1, 5, 60, 1_500).map(({ slot }) => slot),
    [5, 6],
  );
  assert.deepEqual(log.read(1, 61, 70), []);
  const next = log.crash(LOSE_ALL);
  assert.equal(next.opened.groups.get(1)!.durable.accepted.length, 60);
  assert.deepEqual(next.read(1, 1, 60).length, 60);
});

test("a closed log ends with a seal and opens without a fault", () => {
  const log = new Process();
  log.write(1, accepted(1, 1025));
  const next = log.reopen();
  assert.equal(next.opened.groups.get(1)!.durable.unit, 2);
  assert.deepEqual(next.opened.faults, []);
});

test("an idle log seals itself once", () => {
  const log = new Process();
  log.write(1, accepted(1, 1025));
  log.turns.advance(5_000);
  assert.equal(log.opened.wal.unit, 2);
});

test("trimming lets segments go and keeps what an idle group still needs", () => {
  const log = new Process();
  log.write(9, promised(5 * 1024 + 2), accepted(3, 5 * 1024 + 2, "open entry of an idle group"), {
    kind: "members",
    governing: FORMED,
  });
  for (let slot = 1; slot <= 80; slot++) {
    log.write(1, accepted(slot, 1025, "y".repeat(700)));
    if (slot % 20 === 0) {
      log.opened.wal.group(1).trim(slot - 5, FORMED);
      log.turns.run();
    }
  }
  assert.ok(log.disk.paths().length <= 6, String(log.disk.paths()));
  assert.ok(log.opened.wal.group(1).slotFirst > 40);
  const next = log.crash(LOSE_ALL);
  const idle = next.opened.groups.get(9)!.durable;
  assert.equal(idle.promised, 5 * 1024 + 2);
  assert.deepEqual(textOf(idle.accepted), ["3@5122 open entry of an idle group"]);
  assert.deepEqual(idle.governing, [FORMED]);
  const active = next.opened.groups.get(1)!.durable;
  assert.equal(active.base, 75);
  assert.equal(active.promised, 1025);
  assert.deepEqual(
    active.accepted.map(({ slot }) => slot),
    [76, 77, 78, 79, 80],
  );
  assert.deepEqual(next.opened.faults, []);
});
