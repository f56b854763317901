import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LOG_LIMITS } from "@quorate/log";
import { decodeBatch } from "@quorate/machine";
import type { Proposed } from "@quorate/paxos";
import { Batcher } from "../../../packages/log/src/replica/batcher.ts";
import type { Waiter } from "../../../packages/log/src/replica/replies.ts";

const LIMITS = { ...LOG_LIMITS, batchCommandsMax: 3, batchBytesMax: 10, batchesUndecidedMax: 4 };
const NEVER = Infinity;

function waiter(number: number, bytes: number = 1): Waiter {
  return {
    request: { session: 1, number },
    releasedTo: 0,
    machine: "m",
    command: new Uint8Array(bytes),
    tell: [],
    handed: false,
    told: false,
  };
}

/** An engine that takes what it is told to, and remembers. */
class Taker {
  readonly taken: { readonly opening: number; readonly logTimeMs: number; readonly numbers: readonly number[] }[] = [];
  answer: Proposed = "taken";

  readonly propose = (opening: number, bytes: Uint8Array): Proposed => {
    if (this.answer !== "taken") return this.answer;
    const { logTimeMs, commands } = decodeBatch(bytes);
    this.taken.push({ opening, logTimeMs, numbers: commands.map((command) => command.request.number) });
    return "taken";
  };
}

describe("batcher", () => {
  it("Proposes nothing before it is open.", () => {
    const batcher = new Batcher(LIMITS);
    const taker = new Taker();
    batcher.add(waiter(1));
    assert.equal(batcher.propose(taker.propose, 0, NEVER, false), false);
    assert.deepEqual(taker.taken, []);
    assert.equal(batcher.waiting, 1);
  });

  it("Stamps with the log time at the opening and its own time since.", () => {
    const batcher = new Batcher(LIMITS);
    const taker = new Taker();
    batcher.opened(7, 1_000, 50);
    batcher.add(waiter(1));
    batcher.propose(taker.propose, 62, NEVER, false);
    assert.deepEqual(taker.taken, [{ opening: 7, logTimeMs: 1_012, numbers: [1] }]);
  });

  it("What waits while a write is under way waits on, unless it fills a batch.", () => {
    const batcher = new Batcher(LIMITS);
    const taker = new Taker();
    batcher.opened(7, 0, 0);
    batcher.add(waiter(1));
    batcher.add(waiter(2));
    assert.equal(batcher.propose(taker.propose, 0, NEVER, true), false);
    for (const number of [3, 4]) batcher.add(waiter(number));
    assert.equal(batcher.propose(taker.propose, 0, NEVER, true), true);
    assert.deepEqual(
      taker.taken.map((batch) => batch.numbers),
      [[1, 2, 3]],
    );
    assert.equal(batcher.waiting, 1);
  });

  it("A batch ends before the command that would take it over its bytes; one command is always taken.", () => {
    const batcher = new Batcher(LIMITS);
    const taker = new Taker();
    batcher.opened(7, 0, 0);
    batcher.add(waiter(1, 6));
    batcher.add(waiter(2, 6));
    batcher.add(waiter(3, 50));
    batcher.propose(taker.propose, 0, NEVER, false);
    batcher.propose(taker.propose, 0, NEVER, false);
    assert.deepEqual(
      taker.taken.map((batch) => batch.numbers),
      [[1], [2], [3]],
    );
    assert.equal(batcher.waitingBytes, 0);
  });

  it("No more batches than the limit are undecided.", () => {
    const batcher = new Batcher(LIMITS);
    const taker = new Taker();
    batcher.opened(7, 0, 0);
    for (let number = 1; number <= 30; number++) batcher.add(waiter(number));
    batcher.propose(taker.propose, 0, NEVER, false);
    assert.equal(taker.taken.length, 4);
    batcher.propose(taker.propose, 0, NEVER, false);
    assert.equal(taker.taken.length, 4);
    batcher.decided(true);
    batcher.propose(taker.propose, 0, NEVER, false);
    assert.equal(taker.taken.length, 5);
  });

  it("What an engine does not take waits on, and was not handed over.", () => {
    const batcher = new Batcher(LIMITS);
    const taker = new Taker();
    batcher.opened(7, 0, 0);
    const one = waiter(1);
    batcher.add(one);
    for (const answer of ["overloaded", "not leader", "barrier"] as const) {
      taker.answer = answer;
      assert.equal(batcher.propose(taker.propose, 0, NEVER, false), false);
      assert.equal(one.handed, false);
    }
    taker.answer = "taken";
    assert.equal(batcher.propose(taker.propose, 9, NEVER, false), true);
    assert.equal(one.handed, true);
    assert.equal(taker.taken[0]!.logTimeMs, 9, "it was stamped anew");
  });

  it("What waited when an opening ended is stamped for the next one.", () => {
    const batcher = new Batcher(LIMITS);
    const taker = new Taker();
    batcher.opened(7, 1_000, 0);
    batcher.add(waiter(1));
    batcher.ended();
    assert.equal(batcher.propose(taker.propose, 500, NEVER, false), false);
    batcher.opened(9, 1_100, 600);
    batcher.propose(taker.propose, 610, NEVER, false);
    assert.deepEqual(taker.taken, [{ opening: 9, logTimeMs: 1_110, numbers: [1] }]);
  });

  it("A request that was settled meanwhile is left out.", () => {
    const batcher = new Batcher(LIMITS);
    const taker = new Taker();
    batcher.opened(7, 0, 0);
    const [one, two] = [waiter(1), waiter(2)];
    batcher.add(one);
    batcher.add(two);
    one.told = true;
    batcher.propose(taker.propose, 0, NEVER, false);
    assert.deepEqual(taker.taken[0]!.numbers, [2]);
  });

  it("The requests of a void batch go first in the next one.", () => {
    const batcher = new Batcher(LIMITS);
    const taker = new Taker();
    batcher.opened(7, 0, 0);
    for (const number of [1, 2]) batcher.add(waiter(number));
    batcher.propose(taker.propose, 0, NEVER, false);
    batcher.add(waiter(3));
    batcher.decided(false);
    assert.equal(batcher.waiting, 3);
    batcher.propose(taker.propose, 5, NEVER, false);
    assert.deepEqual(taker.taken[1], { opening: 7, logTimeMs: 5, numbers: [1, 2, 3] });
  });

  it("A clock step is proposed once when it is due, and not where a batch goes anyway.", () => {
    const batcher = new Batcher(LIMITS);
    const taker = new Taker();
    batcher.opened(7, 100, 0);
    assert.equal(batcher.propose(taker.propose, 49, 150, false), false);
    assert.equal(batcher.propose(taker.propose, 50, 150, false), true);
    assert.deepEqual(taker.taken, [{ opening: 7, logTimeMs: 150, numbers: [] }]);
    assert.equal(batcher.propose(taker.propose, 51, 150, false), false, "one is on its way");
    batcher.decided(true);
    batcher.add(waiter(1));
    batcher.propose(taker.propose, 90, 180, false);
    assert.deepEqual(taker.taken.at(-1), { opening: 7, logTimeMs: 190, numbers: [1] });
    assert.equal(batcher.clockSteps, 1);
  });

  it("A decision about a batch that was never proposed is a fault of the program.", () => {
    const batcher = new Batcher(LIMITS);
    batcher.opened(7, 0, 0);
    assert.throws(() => batcher.decided(true), /did not propose/);
  });
});
