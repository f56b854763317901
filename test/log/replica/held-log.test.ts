import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { initialMembers, LOG_LIMITS } from "@quorate/log";
import type { Governing } from "@quorate/paxos";
import { HeldLog } from "../../../packages/log/src/replica/held-log.ts";

const FORMED: Governing = { members: initialMembers([1, 2, 3]), slot: 0, floor: 0 };
const { heldForMs, heldEntriesMax, heldLogBytesMax } = LOG_LIMITS;

class Bench {
  readonly cuts: number[] = [];
  logBytes = 0;
  snapshotBytes = 0;
  diskFull = false;
  readonly held = new HeldLog({
    log: { trim: (base) => this.cuts.push(base) },
    limits: LOG_LIMITS,
    logBytes: () => this.logBytes,
    snapshotBytes: () => this.snapshotBytes,
    diskFull: () => this.diskFull,
  });

  checkpoint(slot: number): void {
    this.held.trim(slot, FORMED);
  }
}

describe("the log that is held back for peers", () => {
  it("Nobody needs anything: each checkpoint cuts the log at once.", () => {
    const bench = new Bench();
    bench.checkpoint(10);
    bench.checkpoint(20);
    assert.deepEqual(bench.cuts, [10, 20]);
  });

  it("What is above the snapshot that a peer takes stays, and goes checkpoint by checkpoint as it is given the entries.", () => {
    const bench = new Bench();
    bench.held.gave(2, 10);
    for (const slot of [10, 20, 30, 40]) bench.checkpoint(slot);
    assert.deepEqual(bench.cuts, [10]);
    bench.held.gave(2, 34);
    bench.held.turn(1);
    assert.deepEqual(bench.cuts, [10, 30]);
    bench.held.gave(2, 60);
    bench.held.turn(2);
    assert.deepEqual(bench.cuts, [10, 30, 40]);
  });

  it("Of two peers, the one that is further behind decides.", () => {
    const bench = new Bench();
    bench.held.gave(2, 25);
    bench.held.gave(3, 15);
    for (const slot of [10, 20, 30]) bench.checkpoint(slot);
    assert.deepEqual(bench.cuts, [10]);
  });

  it("An offer holds the log above the snapshot, and does not move what a peer is being given.", () => {
    const bench = new Bench();
    bench.held.offered(2, 10);
    bench.held.offered(2, 20);
    bench.checkpoint(20);
    assert.deepEqual(bench.cuts, []);
  });

  it("A peer that asks for nothing any more holds nothing.", () => {
    const bench = new Bench();
    bench.held.gave(2, 10);
    bench.checkpoint(20);
    bench.held.turn(heldForMs);
    assert.deepEqual(bench.cuts, []);
    bench.held.turn(heldForMs + 1);
    assert.deepEqual(bench.cuts, [20]);
    assert.equal(bench.held.givenUp, 0);
  });

  it("A peer that would hold too many entries is given up, and counted; one that needs fewer is not.", () => {
    const bench = new Bench();
    bench.held.gave(2, 10);
    bench.held.gave(3, 500);
    bench.checkpoint(20);
    bench.checkpoint(10 + heldEntriesMax);
    assert.deepEqual([bench.cuts, bench.held.givenUp], [[], 0]);
    bench.checkpoint(11 + heldEntriesMax);
    assert.deepEqual([bench.cuts, bench.held.givenUp], [[20], 1]);
  });

  it("A log that takes too much of the disk is held for nobody, measured by the snapshot where that is large; nor is one on a full disk.", () => {
    for (const { logBytes, snapshotBytes, diskFull, isHeld } of [
      { logBytes: heldLogBytesMax, snapshotBytes: 0, diskFull: false, isHeld: true },
      { logBytes: heldLogBytesMax + 1, snapshotBytes: 0, diskFull: false, isHeld: false },
      { logBytes: heldLogBytesMax + 4, snapshotBytes: heldLogBytesMax / 4 + 1, diskFull: false, isHeld: true },
      { logBytes: 0, snapshotBytes: 0, diskFull: true, isHeld: false },
    ]) {
      const bench = new Bench();
      bench.held.gave(2, 10);
      Object.assign(bench, { logBytes, snapshotBytes, diskFull });
      bench.checkpoint(20);
      assert.deepEqual([bench.cuts, bench.held.givenUp], isHeld ? [[], 0] : [[20], 1]);
    }
  });

  it("A snapshot that comes from a peer cuts the log, whoever it was held for.", () => {
    const bench = new Bench();
    bench.held.gave(2, 10);
    bench.checkpoint(20);
    bench.held.installed(50, FORMED);
    bench.checkpoint(60);
    assert.deepEqual(bench.cuts, [50, 60]);
  });
});
