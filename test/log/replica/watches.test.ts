import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LOG_LIMITS } from "@quorate/log";
import {
  compose,
  type Composite,
  encodeBatch,
  encodeCbor,
  QuorateError,
  SESSION_MACHINE,
  sessionCommands,
  type Watcher,
} from "@quorate/machine";
import { Answers } from "../../../packages/log/src/replica/answers.ts";
import { Watches } from "../../../packages/log/src/replica/watches.ts";
import { words } from "../memory-cluster.ts";

class Bench {
  readonly answers = new Answers(() => undefined);
  readonly composite: Composite = compose([words]);
  readonly watches = new Watches(1, { ...LOG_LIMITS, watchersMax: 2 }, this.answers);
  #number = 0;

  constructor() {
    const command = sessionCommands.encodeOpen({ ttlMs: 60_000 });
    this.step(SESSION_MACHINE, 0, command);
  }

  step(machine: string, session: number, command: Uint8Array): void {
    const request = { session, number: ++this.#number };
    this.composite.step(encodeBatch(1, [{ request, releasedTo: 0, machine, command }]), () => undefined);
  }

  append(word: string): void {
    this.step("words", 1, encodeCbor(["append", word]));
  }

  watch(minRevision: number, wake: () => void = () => undefined): (Watcher<Uint8Array> | QuorateError)[] {
    const told: (Watcher<Uint8Array> | QuorateError)[] = [];
    this.watches.add(minRevision, "words", encodeCbor(null), wake, 0, (error, watcher) => told.push(error ?? watcher));
    return told;
  }

  turn(nowMs: number = 0): void {
    this.watches.endTurn(this.composite, nowMs);
    this.answers.flush();
  }
}

describe("watches", () => {
  it("Its owner is woken once a turn, however often the machine woke it.", () => {
    const bench = new Bench();
    let wakes = 0;
    const told = bench.watch(0, () => {
      wakes += 1;
    });
    bench.turn();
    const watcher = told[0] as Watcher<Uint8Array>;
    watcher.pull(1_000);
    bench.turn();
    wakes = 0;
    bench.append("a");
    bench.append("b");
    assert.equal(wakes, 0, "never inside a step");
    bench.turn();
    assert.equal(wakes, 1);
    assert.ok(watcher.pull(1_000).length > 0);
    assert.deepEqual(watcher.pull(1_000), []);
  });

  it("A watch begins once its revision is applied, and is refused where that does not come in time.", () => {
    const bench = new Bench();
    const soon = bench.watch(2);
    const never = bench.watch(99);
    bench.turn();
    assert.equal(soon.length, 0);
    bench.append("a");
    bench.turn();
    assert.equal(soon.length, 1);
    assert.equal(never.length, 0);
    bench.turn(LOG_LIMITS.staleWaitMs);
    assert.equal((never[0] as QuorateError).code, "TOO_STALE");
  });

  it("When the state is replaced every owner is woken, and its pull says that it is closed.", () => {
    const bench = new Bench();
    let wakes = 0;
    const told = bench.watch(0, () => {
      wakes += 1;
    });
    bench.turn();
    wakes = 0;
    bench.watches.closeAll();
    bench.turn();
    assert.equal(wakes, 1);
    assert.throws(() => (told[0] as Watcher<Uint8Array>).pull(1), { code: "CLOSED" });
    assert.equal(bench.watches.count, 0);
  });

  it("Watchers over the limit are refused, and a closed one makes room.", () => {
    const bench = new Bench();
    const [one] = [bench.watch(0), bench.watch(0)];
    const third = bench.watch(0);
    bench.turn();
    assert.equal((third[0] as QuorateError).code, "OVERLOADED");
    (one![0] as Watcher<Uint8Array>).close();
    const fourth = bench.watch(0);
    bench.turn();
    assert.ok(!(fourth[0] instanceof QuorateError));
  });
});
