import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { initialMembers } from "@quorate/log";
import type { Entry, EntryKind, Governing } from "@quorate/paxos";
import { Governings } from "../../../packages/log/src/replica/governings.ts";

function governing(slot: number, floor: number): Governing {
  return { members: initialMembers([1, 2, 3]), slot, floor };
}

function entry(slot: number, kind: EntryKind): Entry {
  return { slot, ballot: 1, origin: 1, anchored: true, kind, bytes: new Uint8Array(0) };
}

describe("governings", () => {
  it("The set in force after a slot is the last one that stands there or below.", () => {
    const sets = new Governings([governing(0, 0)]);
    sets.add(governing(5, 11));
    sets.add(governing(9, 12));
    sets.add(governing(5, 99));
    assert.deepEqual(
      [0, 4, 5, 8, 9, 100].map((slot) => sets.at(slot).floor),
      [0, 0, 11, 11, 12, 12],
    );
  });

  it("The floors of changes come in order; one that is not known gives none at all.", () => {
    const sets = new Governings([governing(4, 10)]);
    sets.add(governing(6, 11));
    assert.deepEqual(sets.floorsOf([entry(4, "members"), entry(5, "batch"), entry(6, "members")]), [10, 11]);
    assert.equal(sets.floorsOf([entry(3, "members")]), null);
    assert.throws(() => sets.at(3), /not known/);
  });
});
