import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Done, initialMembers, LOG_LIMITS } from "@quorate/log";
import { QuorateError } from "@quorate/machine";
import type { Entry, Learn } from "@quorate/paxos";
import { Governings } from "../../../packages/log/src/replica/governings.ts";
import { Repair } from "../../../packages/log/src/replica/repair.ts";
import type { GroupLog } from "../../../packages/log/src/wal/group-log.ts";

function entry(slot: number, kind: Entry["kind"] = "batch"): Entry {
  return { slot, ballot: 5, origin: 5, anchored: true, kind, bytes: new Uint8Array(1) };
}

class Bench {
  readonly sent: [number, Learn][] = [];
  readonly offered: number[] = [];
  readonly unreadable: number[] = [];
  readonly given: [number, number][] = [];
  readonly reads: { readonly slotFrom: number; readonly slotTo: number; readonly done: Done<readonly Entry[]> }[] = [];
  queuedBytes = 0;
  readonly repair: Repair;

  constructor(slotFirst: number = 1, restoredTo: number = 0) {
    const log = {
      slotFirst,
      entries: (slotFrom: number, slotTo: number, _bytesMax: number, done: Done<readonly Entry[]>) => {
        this.reads.push({ slotFrom, slotTo, done });
      },
    } as unknown as GroupLog;
    this.repair = new Repair({
      limits: LOG_LIMITS,
      log,
      governings: new Governings([{ members: initialMembers([1, 2, 3]), slot: 4, floor: 9 }]),
      messageEntriesMax: 2,
      restoredTo: () => restoredTo,
      appliedTo: () => 20,
      chosenTo: () => 21,
      queuedBytes: () => this.queuedBytes,
      send: (to, message) => this.sent.push([to, message]),
      unreadable: (slot) => this.unreadable.push(slot),
      gives: (to, slotFrom) => this.given.push([to, slotFrom]),
      offerSnapshot: (to) => this.offered.push(to),
      wake: () => undefined,
    });
  }
}

describe("repair", () => {
  it("What a snapshot covers is told by a snapshot: below it the log may have votes that lost.", () => {
    const bench = new Bench(1, 7);
    bench.repair.supply({ to: 2, slotFrom: 7, slotTo: 99 });
    assert.deepEqual([bench.reads.length, bench.offered], [0, [2]]);
    bench.repair.supply({ to: 3, slotFrom: 8, slotTo: 99 });
    assert.deepEqual([bench.reads.length, bench.offered], [1, [2]]);
  });

  it("A laggard gets what was read, in messages of the engine's size, with the floors of the changes.", () => {
    const bench = new Bench();
    bench.repair.supply({ to: 2, slotFrom: 3, slotTo: 99 });
    assert.deepEqual(
      bench.reads.map(({ slotFrom, slotTo }) => [slotFrom, slotTo]),
      [[3, 20]],
      "nothing above what is applied here",
    );
    assert.deepEqual(bench.given, [[2, 3]]);
    bench.reads[0]!.done(null, [entry(3), entry(4, "members"), entry(5)]);
    assert.deepEqual(bench.sent, [], "not before the turn");
    bench.repair.send();
    assert.deepEqual(bench.sent, [
      [2, { kind: "learn", entries: [entry(3), entry(4, "members")], floors: [9], chosenTo: 21 }],
      [2, { kind: "learn", entries: [entry(5)], floors: [], chosenTo: 21 }],
    ]);
  });

  it("One read of the log a peer at a time, and none for a peer whose queue is full.", () => {
    const bench = new Bench();
    bench.repair.supply({ to: 2, slotFrom: 3, slotTo: 9 });
    bench.repair.supply({ to: 2, slotFrom: 3, slotTo: 9 });
    assert.equal(bench.reads.length, 1);
    bench.queuedBytes = LOG_LIMITS.supplyQueuedBytesMax + 1;
    bench.repair.supply({ to: 3, slotFrom: 3, slotTo: 9 });
    assert.equal(bench.reads.length, 1);
  });

  it("Who lacks what the log no longer has, or a change whose floor is not known, is offered the snapshot.", () => {
    const bench = new Bench(5);
    bench.repair.supply({ to: 2, slotFrom: 4, slotTo: 9 });
    assert.deepEqual(bench.offered, [2]);
    bench.repair.supply({ to: 3, slotFrom: 6, slotTo: 9 });
    bench.reads[0]!.done(null, [entry(6, "members")]);
    bench.repair.send();
    assert.deepEqual(bench.offered, [2, 3]);
    assert.deepEqual(bench.sent, []);
  });

  it("For an entry that cannot be read any more a snapshot is taken and offered.", () => {
    const bench = new Bench();
    bench.repair.supply({ to: 2, slotFrom: 6, slotTo: 9 });
    bench.reads[0]!.done(new QuorateError("LOG_CORRUPT", "not-applied", "the record of slot 6 is damaged"), []);
    assert.deepEqual([bench.unreadable, bench.offered, bench.sent], [[6], [2], []]);
  });
});
