import assert from "node:assert/strict";
import { test } from "node:test";
import { KEEP_ALL, LOSE_ALL, MemoryDisk } from "../../../packages/log/src/disk/memory-disk.ts";
import { segmentPath } from "../../../packages/log/src/wal/format.ts";
import { type OpenedWal, openWal } from "../../../packages/log/src/wal/wal.ts";
import { Turns } from "../turns.ts";
import { accepted, CLUSTER, FORMED, Process, promised, SMALL, textOf } from "./logs.ts";

const FIRST = segmentPath(1);
const B1 = 1_025;
const B2 = 2_049;
const ROOM = { limits: SMALL, openSlots: 16, coveredTo: () => 0 };

/** Where the text of a vote stands in a file. */
function placeOf(disk: MemoryDisk, path: string, text: string): number {
  const at = Buffer.from(disk.bytes(path)).indexOf(text);
  assert.ok(at > 0, `${text} is not in ${path}`);
  return at;
}

/** Four units: the promise, three votes, and what else is asked for. */
function fourUnits(): Process {
  const log = new Process();
  log.write(1, promised(B1));
  for (const slot of [1, 2, 3]) log.write(1, accepted(slot, B1, `the value of slot ${slot}`.padEnd(700, ".")));
  return log;
}

test("bug 21: a bit that flips in the middle of the log makes its slot faulty, and nothing behind it is cut", () => {
  const log = fourUnits();
  log.disk.flip(FIRST, placeOf(log.disk, FIRST, "the value of slot 2") + 3, 5);
  const next = log.crash(LOSE_ALL);
  const { durable } = next.opened.groups.get(1)!;
  assert.deepEqual(durable.faulty, [2]);
  assert.deepEqual(
    durable.accepted.map(({ slot }) => slot),
    [1, 3],
  );
  assert.equal(durable.promisedLost, false);
  assert.equal(durable.promised, B1);
  assert.equal(next.opened.faults.length, 1);
  assert.equal(next.opened.faults[0]!.file, FIRST);
  assert.ok(next.opened.faults[0]!.offset > 0);
});

test("a faulty mark outlives the segment with the damage, until the slot is written anew", () => {
  const log = fourUnits();
  log.disk.flip(FIRST, placeOf(log.disk, FIRST, "the value of slot 2") + 3, 5);
  let next = log.crash(LOSE_ALL);
  for (let slot = 4; slot < 60; slot++) next.write(2, accepted(slot, B1, "z".repeat(700)));
  next.opened.wal.group(2).trim(58, FORMED);
  next.turns.run();
  assert.ok(!next.disk.paths().includes(FIRST), "the damaged segment is gone");
  next = next.crash(LOSE_ALL);
  assert.deepEqual(next.opened.groups.get(1)!.durable.faulty, [2]);
  assert.deepEqual(
    next.opened.groups.get(1)!.durable.accepted.map(({ slot }) => slot),
    [1, 3],
  );
  next.write(1, accepted(2, B2, "learned again"));
  next = next.crash(LOSE_ALL);
  assert.deepEqual(next.opened.groups.get(1)!.durable.faulty, []);
  assert.deepEqual(textOf(next.opened.groups.get(1)!.durable.accepted).slice(1, 2), [`2@${B2} learned again`]);
});

test("two damages: one that stands before the statement of another, and came after it, is found as well", () => {
  const log = fourUnits();
  log.disk.flip(FIRST, placeOf(log.disk, FIRST, "the value of slot 2") + 3, 5);
  const next = log.crash(LOSE_ALL);
  assert.deepEqual(next.opened.groups.get(1)!.durable.faulty, [2]);
  next.write(1, { kind: "heard", peers: [] });
  next.disk.flip(FIRST, placeOf(next.disk, FIRST, "the value of slot 1") + 3, 5);
  assert.deepEqual(next.crash(LOSE_ALL).opened.groups.get(1)!.durable.faulty, [1, 2]);
});

test("a hole: votes that were appended anew from a segment that is gone, and then lost, are faulty, though known chosen", () => {
  const log = new Process();
  log.write(1, promised(B1));
  for (const slot of [1, 2, 3]) log.write(1, accepted(slot, B1, `the value of slot ${slot}`.padEnd(400, ".")));
  log.write(1, { kind: "chosen", slot: 3 });
  for (let slot = 4; slot < 60; slot++) log.write(2, accepted(slot, B1, "z".repeat(700)));
  log.opened.wal.group(2).trim(58, FORMED);
  log.turns.run();
  assert.ok(!log.disk.paths().includes(FIRST), "the segment they stood in is gone");
  for (let slot = 60; slot < 64; slot++) log.write(2, accepted(slot, B1, "z".repeat(700)));
  log.write(1, { kind: "chosen", slot: 3 });
  for (const path of log.disk.paths()) {
    const bytes = Buffer.from(log.disk.bytes(path));
    const at = bytes.indexOf("the value of slot 2");
    if (at < 0) continue;
    const from = Math.max(512, 512 * Math.floor(at / 512) - 1_024);
    log.disk.overwrite(path, from, new Uint8Array(3_072).fill(0xaa).subarray(0, bytes.length - from));
  }
  const { durable } = log.crash(LOSE_ALL).opened.groups.get(1)!;
  for (const slot of [1, 2, 3]) {
    const there = durable.accepted.some((one) => one.slot === slot);
    assert.ok(there || durable.faulty.includes(slot), `slot ${slot} is read, or faulty`);
  }
  assert.ok(durable.faulty.includes(2));
  assert.ok(durable.chosenTo < 2);
});

test("every single flipped bit of a synced log is found: nothing told durable is missing without a mark (M2)", () => {
  const log = new Process();
  log.write(1, promised(B1));
  for (const slot of [1, 2, 3])
    log.write(1, accepted(slot, B1, `value ${slot} ${"=".repeat(30 * slot)}`), { kind: "chosen", slot: slot - 1 });
  log.write(2, promised(B2), accepted(5, B2));
  log.turns.advance(SMALL.sealMs);
  const whole = new Process(log.disk);
  const expected = textOf(whole.opened.groups.get(1)!.durable.accepted);
  assert.equal(expected.length, 3);
  let found = 0;
  const end = 512 * 8;
  for (let position = 0; position < end; position += 3) {
    const disk = log.disk.copy();
    disk.flip(FIRST, position, position % 8);
    const { groups, faults } = new Process(disk).opened;
    if (faults.length > 0) found++;
    for (const [group, slots] of [
      [1, [1, 2, 3]],
      [2, [5]],
    ] as const) {
      const durable = groups.get(group)?.durable;
      assert.ok(durable !== undefined, `byte ${position}: group ${group} is gone`);
      assert.ok(
        durable.promised >= (group === 1 ? B1 : B2) || durable.promisedLost,
        `byte ${position}: the promise is gone`,
      );
      for (const slot of slots) {
        const faulty = durable.faulty.includes(slot);
        const there = durable.accepted.some((one) => one.slot === slot);
        assert.ok(faulty || there, `byte ${position}: slot ${slot} of group ${group} is gone without a mark`);
        if (group === 1 && !faulty)
          assert.ok(textOf(durable.accepted).includes(expected[slot - 1]!), `byte ${position}`);
      }
    }
  }
  assert.ok(found > 150, `only ${found} flips were found`);
});

test("a flipped bit in any one place of a unit of several sectors never costs more than its own record", () => {
  const log = fourUnits();
  const from = placeOf(log.disk, FIRST, "the value of slot 2") - 64 - 32;
  for (let position = from; position < from + 1_024; position += 7) {
    const disk = log.disk.copy();
    disk.flip(FIRST, position, 2);
    const { durable } = new Process(disk).opened.groups.get(1)!;
    assert.equal(durable.promisedLost, false, `byte ${position - from} of the unit`);
    assert.ok(
      durable.faulty.every((slot) => slot === 2),
      `byte ${position - from}: ${durable.faulty.join()}`,
    );
    assert.deepEqual(
      [durable.accepted.length, durable.faulty.length].reduce((sum, value) => sum + value),
      3,
    );
  }
});

test("bug 22: a last unit whose sectors arrived in the wrong order, or not all, is cut", () => {
  for (const lost of [0, 1, 2]) {
    const log = fourUnits();
    let told = false;
    log.opened.wal.group(1).append([accepted(4, B1, "not yet told".padEnd(1_200, "-"))], () => {
      told = true;
    });
    log.turns.step(); // the turn ends: the unit is on its way, and its write has not ended
    const first = 512 + 512 + 3 * 1_024;
    log.disk.crash(({ kind, sector }) => (kind === "sector" && sector === first / 512 + lost ? 0 : 512));
    assert.equal(told, false);
    const next = new Process(log.disk);
    assert.deepEqual(next.opened.faults, [], `sector ${lost}`);
    assert.deepEqual(
      next.opened.groups.get(1)!.durable.accepted.map(({ slot }) => slot),
      [1, 2, 3],
    );
    assert.equal(next.opened.groups.get(1)!.durable.unit, 4);
    assert.equal(next.write(1, accepted(4, B2)), 5);
    assert.deepEqual(next.crash(LOSE_ALL).opened.faults, []);
  }
});

test("a damaged last unit that arrived whole is corruption, not a torn write", () => {
  const log = fourUnits();
  log.disk.flip(FIRST, placeOf(log.disk, FIRST, "the value of slot 3") + 100, 1);
  const next = log.crash(LOSE_ALL);
  assert.deepEqual(next.opened.groups.get(1)!.durable.faulty, [3]);
  assert.equal(next.opened.faults.length, 1);
  // The damaged unit was the fourth; the fifth states the mark, too.
  assert.equal(next.write(1, accepted(4, B1)), 5);
  assert.deepEqual(next.crash(LOSE_ALL).opened.groups.get(1)!.durable.faulty, [3]);
});

test("after a seal, a torn-looking unit before it is corruption", () => {
  const log = fourUnits();
  log.turns.advance(SMALL.sealMs);
  // The disk lost one sector of a synced unit: what stood there before is back.
  const fresh = new Process();
  const at = 512 + 512 + 2 * 1_024 + 512;
  log.disk.overwrite(FIRST, at, fresh.disk.bytes(FIRST).slice(at, at + 512));
  const next = log.crash(LOSE_ALL);
  assert.deepEqual(next.opened.groups.get(1)!.durable.faulty, [3]);
});

test("bug 22: a misdirected write is found at both places, though its checksum fits its content", () => {
  const log = fourUnits();
  const unit = 512 + 512 + 1_024;
  const bytes = log.disk.bytes(FIRST).slice(unit, unit + 1_024);
  log.disk.overwrite(FIRST, unit - 1_024, bytes);
  const next = log.crash(LOSE_ALL);
  const { durable } = next.opened.groups.get(1)!;
  assert.ok(next.opened.faults.length > 0);
  assert.ok(durable.faulty.includes(1));
  assert.deepEqual(
    durable.accepted.filter(({ slot }) => slot >= 2).map(({ slot }) => slot),
    [2, 3],
  );
});

test("a lost write in the middle is found: its unit's number is missing", () => {
  const log = new Process();
  log.write(1, promised(B1), accepted(1, B1));
  log.disk.fault = (operation) => (operation.kind === "write" ? { kind: "lost", position: 0 } : null);
  log.write(1, accepted(2, B1));
  log.disk.fault = () => null;
  log.write(1, accepted(3, B1));
  const next = log.crash(LOSE_ALL);
  const { durable } = next.opened.groups.get(1)!;
  assert.ok(next.opened.faults.length > 0);
  // A newer vote of slot 1 may be among what is lost; what was written after the loss speaks for itself.
  assert.deepEqual(durable.faulty, [1, 2]);
  assert.deepEqual([durable.promised, durable.promisedLost], [B1, false], "and states the promised ballot again");
});

test("a segment that is missing is found, in the middle and at the beginning", () => {
  const log = new Process();
  log.write(1, promised(B1));
  for (let slot = 1; slot <= 40; slot++) log.write(1, accepted(slot, B1, "m".repeat(700)));
  for (const missing of [1, 2]) {
    const disk = log.disk.copy();
    disk.lose(segmentPath(missing));
    const { groups, faults, unheard } = new Process(disk).opened;
    assert.ok(faults.length > 0);
    assert.equal(unheard.promisedLost, true, "a group that no record names may have been in it");
    const { durable } = groups.get(1)!;
    assert.deepEqual([durable.promised, durable.promisedLost], [B1, false]);
    assert.ok(durable.faulty.length > 3);
    for (let slot = 1; slot <= 40; slot++) {
      const there = durable.accepted.some((one) => one.slot === slot);
      assert.ok(there || durable.faulty.includes(slot), `slot ${slot} is read, or faulty`);
    }
  }
});

test("a promised ballot that is lost for good stays lost through later starts", () => {
  const log = new Process();
  log.write(1, promised(B1), accepted(1, B1));
  log.write(1, accepted(2, B1));
  log.disk.overwrite(FIRST, 1_024, new Uint8Array(512).fill(0xaa));
  let next = log.crash(LOSE_ALL);
  assert.equal(next.opened.groups.get(1)!.durable.promisedLost, true);
  next.write(1, { kind: "heard", peers: [] });
  // The statement is lost, too; what came after it states it again.
  next.disk.overwrite(FIRST, 1_536, new Uint8Array(512).fill(0xaa));
  next = next.crash(LOSE_ALL);
  assert.equal(next.opened.groups.get(1)!.durable.promisedLost, true);
  next.write(1, { kind: "heard", peers: [] });
  next = next.crash(LOSE_ALL);
  assert.equal(next.opened.groups.get(1)!.durable.promisedLost, true);
});

test("an entry that was learned in a higher ballot than was promised counts as promised, whether its record can be read or not", () => {
  const log = new Process();
  log.write(1, promised(B1));
  log.write(1, accepted(1, B2, "learned"));
  log.write(1, { kind: "chosen", slot: 1 });
  assert.equal(new Process(log.disk).opened.groups.get(1)!.durable.promised, B2);
  log.disk.overwrite(FIRST, 1_024, new Uint8Array(512).fill(0xaa));
  const { durable } = log.crash(LOSE_ALL).opened.groups.get(1)!;
  assert.deepEqual([durable.promised, durable.promisedLost, durable.faulty], [B2, false, [1]]);
});

test("a group that is born after a loss is not touched by it", () => {
  const log = new Process();
  log.write(1, promised(B1), accepted(1, B1));
  log.disk.overwrite(FIRST, 512, new Uint8Array(512).fill(0xaa));
  log.write(1, accepted(2, B1));
  log.write(7, promised(B2));
  const { groups, unheard } = log.crash(LOSE_ALL).opened;
  assert.equal(unheard.promisedLost, true);
  assert.equal(groups.get(7)!.durable.promisedLost, false);
  assert.equal(groups.get(7)!.durable.promised, B2);
});

test("a known chosen slot whose learned value is lost does not come back with an older vote", () => {
  const log = new Process();
  log.write(1, accepted(1, B1, "an older vote"), promised(B2));
  log.write(1, accepted(1, B2, "the chosen value".padEnd(600, " ")), { kind: "chosen", slot: 1 });
  log.write(1, accepted(2, B2));
  log.disk.flip(FIRST, placeOf(log.disk, FIRST, "the chosen value") + 20, 0);
  const { durable } = log.crash(LOSE_ALL).opened.groups.get(1)!;
  assert.deepEqual(durable.faulty, [1]);
  assert.equal(durable.chosenTo, 0);
  assert.deepEqual(
    durable.accepted.map(({ slot }) => slot),
    [2],
  );
});

test("what a damaged stretch of log says is chosen makes no older vote the chosen value: what was learned may be lost in it", () => {
  const older = "an older vote";
  const stretches = {
    "a unit is missing": { from: 0, end: 504, followed: true },
    "the end is corrupt": { from: 0, end: 504, followed: false },
    "the header of a unit is whole, and neither its vote nor its directory": { from: 32, end: 200, followed: true },
  };
  for (const [what, { from, end, followed }] of Object.entries(stretches)) {
    const log = new Process();
    log.write(1, accepted(1, B1, older), promised(B2));
    log.write(1, accepted(1, B2, "the chosen value".padEnd(600, " ")), { kind: "chosen", slot: 1 });
    if (followed) log.write(1, accepted(2, B2));
    const unit = 512 + 512;
    log.disk.overwrite(FIRST, unit + from, new Uint8Array(end - from).fill(0xaa));
    if (from > 0) log.disk.overwrite(FIRST, unit + 512 + 824 - 504 - 20, new Uint8Array(8).fill(0xaa));
    const { durable } = log.crash(LOSE_ALL).opened.groups.get(1)!;
    assert.ok(durable.faulty.includes(1), what);
    assert.equal(durable.chosenTo, 0, what);
    assert.ok(!textOf(durable.accepted).some((text) => text.includes(older)), what);
  }
});

test("bug 24: after the first failed sync nothing is told durable, nothing is tried again, and the owner is told once", () => {
  const log = new Process();
  log.write(1, promised(B1));
  let syncs = 0;
  log.disk.fault = (operation) => {
    if (operation.kind !== "sync") return null;
    syncs++;
    return { kind: "error", position: 0 };
  };
  assert.equal(log.write(1, accepted(1, B1)), -1);
  log.disk.fault = (operation) => {
    if (operation.kind === "sync") syncs++;
    return null;
  };
  assert.equal(log.write(1, accepted(2, B1)), -1);
  log.turns.advance(10_000);
  assert.equal(syncs, 1);
  assert.deepEqual(
    log.failures.map(({ code }) => code),
    ["LOG_FAILED"],
  );
  assert.equal(log.failures[0]!.detail["path"], FIRST);
  const next = log.crash(LOSE_ALL);
  assert.deepEqual(next.opened.groups.get(1)!.durable.accepted, []);
});

test("bug 24: once a sync has failed no file of the log is written, one that is being used again neither", () => {
  for (const waits of ["rename", "open"]) {
    const isWaiting = (kind: string, path: string): boolean =>
      kind === waits && (kind === "rename" ? path === FIRST : path.endsWith(".new"));
    const turns = new Turns();
    const late: (() => void)[] = [];
    const failures: string[] = [];
    const written: string[] = [];
    const disk = new MemoryDisk({
      later: (run, { kind, path }) => {
        if (isWaiting(kind, path)) late.push(run);
        else turns.later(run);
      },
      fault: ({ kind, path }) => {
        if (kind === "write" && failures.length > 0) written.push(path);
        return kind === "sync" && late.length > 0 ? { kind: "error", position: 0 } : null;
      },
    });
    const onFailed = (error: Error): unknown => failures.push(error.message);
    const { wal } = turns.finish<OpenedWal>((done) =>
      openWal({ disk, clock: turns, cluster: CLUSTER, onFailed, ...ROOM }, done),
    );
    const group = wal.group(1);
    for (let slot = 1; slot <= 80 && failures.length === 0; slot++) {
      group.append([accepted(slot, B1, "z".repeat(700))], () => undefined);
      if (slot > 4) group.trim(slot - 4, FORMED);
      turns.run();
    }
    assert.equal(late.length, 1, `the ${waits} of a segment that is used again is under way`);
    assert.equal(failures.length, 1);
    for (const run of late) run();
    turns.run();
    assert.deepEqual(written, []);
  }
});

test("what recovery read out of the system's cache is synced before anybody hears of it", () => {
  const log = new Process();
  log.write(1, promised(B1));
  log.disk.fault = (operation) => (operation.kind === "sync" ? { kind: "error", position: 0 } : null);
  log.write(1, accepted(1, B1));
  log.disk.fault = () => null;
  log.disk.kill();
  const second = new Process(log.disk);
  assert.equal(second.opened.groups.get(1)!.durable.accepted.length, 1);
  const third = second.crash(LOSE_ALL);
  assert.equal(third.opened.groups.get(1)!.durable.accepted.length, 1);
});

test("bug 25: an append that comes while a sync is under way is told by its own sync, not by that one", () => {
  const log = new Process();
  log.write(1, promised(B1));
  const told: string[] = [];
  const group = log.opened.wal.group(1);
  group.append([accepted(1, B1)], (unit) => told.push(`first in ${unit}`));
  log.turns.step(); // the end of the turn: the write begins
  log.turns.step(); // the write has ended: the sync begins
  group.append([accepted(2, B1)], (unit) => told.push(`second in ${unit}`));
  log.turns.step(); // the sync has ended
  assert.deepEqual(told, ["first in 2"]);
  const crashed = new Process((log.disk.crash(LOSE_ALL), log.disk));
  assert.deepEqual(
    crashed.opened.groups.get(1)!.durable.accepted.map(({ slot }) => slot),
    [1],
  );
});

test("one unit and one sync serve everything that waits, over all groups", () => {
  const log = new Process();
  let syncs = 0;
  log.write(1, promised(B1));
  log.disk.fault = (operation) => {
    if (operation.kind === "sync") syncs++;
    return null;
  };
  const units: number[] = [];
  for (let group = 1; group <= 5; group++)
    log.opened.wal.group(group).append([promised(B2)], (unit) => units.push(unit));
  log.turns.run();
  assert.deepEqual(units, [2, 2, 2, 2, 2]);
  assert.equal(syncs, 1);
});

/** Three votes of group 1 in a segment that was used before; behind them stands what it held under its number before. */
function inUsedSegment(): { readonly log: Process; readonly path: string } {
  const log = new Process();
  log.write(1, promised(B1));
  for (let slot = 1; slot < 200; slot++) {
    const text = `old of ${slot} `;
    log.write(2, accepted(slot, B1, text.padEnd(700, "o")));
    log.opened.wal.group(2).trim(slot - 1, FORMED);
    log.turns.run();
    const path = log.disk.paths().find((one) => Buffer.from(log.disk.bytes(one)).includes(text))!;
    const bytes = Buffer.from(log.disk.bytes(path));
    if (bytes.indexOf(text) > 2_048 || !bytes.subarray(4_096).includes("old of")) continue;
    for (const live of [1, 2, 3]) log.write(1, accepted(live, B1, `live of ${live} `.padEnd(700, ".")));
    return { log, path };
  }
  throw new Error("no segment was used again");
}

test("what a segment held under its number before is nobody's, and costs nothing", () => {
  const { log, path } = inUsedSegment();
  assert.ok(log.disk.bytes(path).length === SMALL.segmentBytes);
  const next = log.crash(LOSE_ALL);
  assert.deepEqual(next.opened.faults, []);
  assert.deepEqual(
    next.opened.groups.get(1)!.durable.accepted.map(({ slot }) => slot),
    [1, 2, 3],
  );
});

test("bug 22: in a segment that was used before, a last unit that is torn anywhere is cut", () => {
  for (const lost of [0, 1, 2]) {
    for (const reached of [0, 16, 256, 496]) {
      const { log, path } = inUsedSegment();
      log.opened.wal.group(1).append([accepted(4, B1, "not yet told".padEnd(1_200, "-"))], () => {
        assert.fail("it was never synced");
      });
      log.turns.step(); // the turn ends: the unit is on its way, and its write has not ended
      const sectors: number[] = [];
      log.disk.copy(() => undefined).crash(({ sector }) => (sectors.push(sector), 0));
      log.disk.crash(({ sector }) => (sector === sectors[lost] ? reached : 512));
      const next = new Process(log.disk);
      const story = `sector ${lost} of ${sectors.length} of ${path}, ${reached} bytes`;
      assert.deepEqual(next.opened.faults, [], story);
      assert.deepEqual(
        next.opened.groups.get(1)!.durable.accepted.map(({ slot }) => slot),
        [1, 2, 3],
        story,
      );
      next.write(1, accepted(4, B2));
      assert.deepEqual(next.crash(LOSE_ALL).opened.faults, [], story);
    }
  }
});

test("a power loss while a torn unit is being cut, whatever it tears, leaves one that is cut", () => {
  const { log } = inUsedSegment();
  log.opened.wal.group(1).append([accepted(4, B1, "not yet told".padEnd(1_200, "-"))], () => {
    assert.fail("it was never synced");
  });
  log.turns.step();
  const under: number[] = [];
  log.disk.copy(() => undefined).crash(({ sector }) => (under.push(sector), 0));
  log.disk.crash(({ sector }) => (sector === under.at(-1) ? 0 : 512));
  let losses = 0;
  for (let steps = 0, isOpen = false; !isOpen; steps++) {
    const turns = new Turns();
    const disk = log.disk.copy(turns.later);
    const options = { disk, clock: turns, cluster: CLUSTER, limits: SMALL, openSlots: 16, coveredTo: () => 0 };
    openWal({ ...options, onFailed: (error) => assert.fail(error.message) }, (error) => {
      assert.equal(error, null);
      isOpen = true;
    });
    for (let step = 0; step < steps; step++) turns.step();
    const unsynced: number[] = [];
    disk.copy(() => undefined).crash(({ sector }) => (unsynced.push(sector), 0));
    for (const torn of unsynced) {
      for (const reached of [0, 16, 256, 496, 512]) {
        for (const others of [0, 512]) {
          const image = disk.copy(() => undefined);
          image.crash(({ sector }) => (sector === torn ? reached : others));
          const { opened } = new Process(image);
          const story = `after ${steps} steps sector ${torn} got ${reached} bytes, the others ${others}`;
          assert.deepEqual(opened.faults, [], story);
          assert.deepEqual(
            opened.groups.get(1)!.durable.accepted.map(({ slot }) => slot),
            [1, 2, 3],
            story,
          );
          losses += 1;
        }
      }
    }
  }
  assert.ok(losses > 20, String(losses));
});

test("every single flipped bit of a segment that was used before is found or harmless, what is old in it included", () => {
  const { log, path } = inUsedSegment();
  for (let position = 0; position < SMALL.segmentBytes; position += 5) {
    const disk = log.disk.copy();
    disk.flip(path, position, position % 8);
    const { durable } = new Process(disk).opened.groups.get(1)!;
    assert.equal(durable.promisedLost, false, `byte ${position}`);
    for (const slot of [1, 2, 3]) {
      const found = durable.accepted.find((one) => one.slot === slot);
      assert.ok(found !== undefined || durable.faulty.includes(slot), `byte ${position}: slot ${slot}`);
      if (found === undefined || durable.faulty.includes(slot)) continue;
      assert.equal(new TextDecoder().decode(found.bytes), `live of ${slot} `.padEnd(700, "."), `byte ${position}`);
    }
  }
});

test("a log of a later format is refused with its version", () => {
  const log = new Process();
  const header = log.disk.bytes(FIRST).slice(0, 512);
  const view = new DataView(header.buffer);
  view.setUint32(4, 2, true);
  // The checksum of the first 28 bytes, as the format says.
  const crc = crc32cSlow(header.subarray(0, 28));
  view.setUint32(28, crc, true);
  log.disk.overwrite(FIRST, 0, header);
  assert.throws(() => new Process(log.disk), { code: "LOG_NEWER", detail: { file: FIRST, version: 2, known: 1 } });
});

test("the log of another cluster is refused", () => {
  const log = new Process();
  log.write(1, promised(B1));
  const turns = new Turns();
  const disk = log.disk.copy(turns.later);
  const open = (): OpenedWal =>
    turns.finish<OpenedWal>((done) => {
      openWal({ ...ROOM, disk, clock: turns, cluster: "other", onFailed: () => undefined }, done);
    });
  assert.throws(open, { code: "WRONG_CLUSTER" });
});

test("bug 23: a power loss at any point of making a segment leaves no half-made one in use", () => {
  const turns = new Turns();
  const disk = new MemoryDisk({ later: turns.later });
  openWal({ ...ROOM, disk, clock: turns, cluster: CLUSTER, onFailed: () => undefined }, () => undefined);
  do {
    for (const names of [0, 512]) {
      for (const kept of [0, 1, 2]) {
        const copy = disk.copy(() => undefined);
        copy.crash(({ kind, sector }) => (kind === "name" ? names : sector % 3 === kept ? 512 : 0));
        const next = new Process(copy);
        assert.deepEqual(next.opened.faults, []);
        assert.equal(next.write(1, promised(B1)), 1);
        assert.equal(next.crash(KEEP_ALL).opened.groups.get(1)!.durable.promised, B1);
      }
    }
  } while (turns.step());
});

function crc32cSlow(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
