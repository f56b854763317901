import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { initialMembers } from "@quorate/log";
import { type Durable, emptyDurable, type Entry, type Governing } from "@quorate/paxos";
import { startingPoint } from "../../../packages/log/src/replica/starting-point.ts";
import type { SnapshotHead } from "../../../packages/log/src/wal/group-log.ts";

const FORMED: Governing = { members: initialMembers([1, 2, 3]), slot: 0, floor: 0 };

function changed(slot: number, floor: number): Governing {
  return { members: initialMembers([1, 2, 3, 4]), slot, floor };
}

function vote(slot: number): Entry {
  return { slot, ballot: 5, origin: 5, anchored: true, kind: "batch", bytes: new Uint8Array([slot]) };
}

function durable(fields: Partial<Durable>): Durable {
  return {
    ...emptyDurable(FORMED.members),
    promised: 7,
    governing: [],
    accepted: [vote(1), vote(2), vote(3), vote(4)],
    chosenTo: 2,
    unit: 12,
    ...fields,
  };
}

function head(slot: number, governing: Governing): SnapshotHead {
  return { group: 1, slot, governing, standing: { origin: 5, carries: true }, revision: 3, digest: 4 };
}

describe("starting point", () => {
  it("A group that nobody heard of begins with the set it was formed with.", () => {
    const start = startingPoint(1, durable({ promised: 0, accepted: [], chosenTo: 0 }), null, FORMED);
    assert.deepEqual(start.governing, [FORMED]);
    assert.deepEqual([start.promised, start.base, start.chosenTo, start.unit], [0, 0, 0, 12]);
  });

  it("What recovery read stands above the formed set.", () => {
    const later = changed(2, 6);
    const start = startingPoint(1, durable({ governing: [later] }), null, FORMED);
    assert.deepEqual(start.governing, [FORMED, later]);
    assert.equal(start.accepted.length, 4);
    assert.equal(start.unit, 12);
  });

  it("A snapshot that is ahead of the log takes the place of what it covers, and its floor is promised.", () => {
    const start = startingPoint(1, durable({ faulty: [2, 4] }), head(3, changed(3, 9)), FORMED);
    assert.equal(start.base, 3);
    assert.equal(start.chosenTo, 3);
    assert.deepEqual(
      start.accepted.map((entry) => entry.slot),
      [4],
    );
    assert.deepEqual(start.governing, [changed(3, 9)]);
    assert.deepEqual(start.faulty, [4]);
    assert.equal(start.promised, 9);
  });

  it("A log that begins above every readable snapshot is refused as corrupt.", () => {
    assert.throws(() => startingPoint(1, durable({ base: 3 }), head(2, FORMED), FORMED), { code: "LOG_CORRUPT" });
    assert.throws(() => startingPoint(1, durable({ base: 3 }), null, FORMED), { code: "LOG_CORRUPT" });
  });
});
