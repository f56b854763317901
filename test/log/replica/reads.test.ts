import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LOG_LIMITS } from "@quorate/log";
import { compose, encodeCbor, type ReadLevel } from "@quorate/machine";
import type { Engine } from "@quorate/paxos";
import { Answers } from "../../../packages/log/src/replica/answers.ts";
import { Reads } from "../../../packages/log/src/replica/reads.ts";
import { words } from "../memory-cluster.ts";

/** Reads of a replica whose engine, clock and state are in the hands of the test. */
class Bench {
  readonly told: string[] = [];
  readonly asked: [number, boolean][] = [];
  readonly answers = new Answers(() => undefined);
  appliedTo = 10;
  leaseEndsMs = 1_000;
  nowMs = 0;
  readonly reads: Reads;
  readonly #engine: Engine;

  constructor() {
    const composite = compose([words]);
    this.#engine = { read: (token: number, lease: boolean) => this.asked.push([token, lease]) } as unknown as Engine;
    this.reads = new Reads({
      group: 1,
      limits: { ...LOG_LIMITS, readsMax: 5, readWaitMs: 100 },
      answers: this.answers,
      composite: () => composite,
      appliedTo: () => this.appliedTo,
      leader: () => 3,
      leaseStands: (validUntilMs) => this.leaseEndsMs >= validUntilMs,
      observer: null,
    });
  }

  add(name: string, level: ReadLevel, minRevision: number = 0): void {
    this.reads.add(level, minRevision, "words", encodeCbor(null), this.nowMs, (error) => {
      this.told.push(error === null ? name : `${name} ${error.code}`);
    });
  }

  /** One turn; returns what was told in it. */
  turn(): readonly string[] {
    this.told.length = 0;
    this.reads.ask(this.#engine, this.nowMs);
    this.reads.answer(this.nowMs);
    this.answers.flush();
    return [...this.told];
  }
}

describe("reads", () => {
  it("All linearizable reads of a turn share one bound, and wait until it is applied.", () => {
    const bench = new Bench();
    bench.add("a", "linearizable");
    bench.add("b", "linearizable");
    bench.turn();
    assert.deepEqual(bench.asked, [[1, false]]);
    bench.reads.bound({ token: 1, bound: 12, validUntilMs: Infinity });
    assert.deepEqual(bench.turn(), []);
    bench.appliedTo = 12;
    assert.deepEqual(bench.turn(), ["a", "b"]);
    assert.equal(bench.reads.count, 0);
  });

  it("A read that comes after the turn of a bound does not use it.", () => {
    const bench = new Bench();
    bench.add("a", "linearizable");
    bench.turn();
    bench.add("b", "linearizable");
    bench.reads.bound({ token: 1, bound: 10, validUntilMs: Infinity });
    assert.deepEqual(bench.turn(), ["a"]);
    assert.deepEqual(bench.asked, [
      [1, false],
      [2, false],
    ]);
  });

  it("A lease that ended before the reply leaves is not used: the read asks for a bound instead.", () => {
    const bench = new Bench();
    bench.add("a", "lease");
    bench.turn();
    bench.reads.bound({ token: 1, bound: 10, validUntilMs: 1_001 });
    assert.deepEqual(bench.turn(), []);
    assert.ok(bench.reads.asksAgain);
    assert.equal(bench.reads.leasesLost, 1);
    bench.turn();
    assert.deepEqual(bench.asked.at(-1), [2, false]);
    bench.reads.bound({ token: 2, bound: 10, validUntilMs: Infinity });
    assert.deepEqual(bench.turn(), ["a"]);
  });

  it("A refused bound, and one that never comes, refuse their reads with a hint at the leader.", () => {
    const bench = new Bench();
    bench.add("a", "linearizable");
    bench.turn();
    bench.reads.bound({ token: 1, bound: -1, validUntilMs: Infinity });
    assert.deepEqual(bench.turn(), ["a NO_LEADER"]);
    bench.add("b", "linearizable");
    bench.turn();
    bench.nowMs = 100;
    assert.deepEqual(bench.turn(), ["b NO_LEADER"]);
    bench.reads.bound({ token: 2, bound: 10, validUntilMs: Infinity });
    assert.deepEqual(bench.turn(), [], "a late bound finds nobody");
  });

  it("A read whose bound is not applied in time is refused: a replica that was removed may never learn what is chosen.", () => {
    const bench = new Bench();
    bench.add("a", "linearizable");
    bench.turn();
    bench.reads.bound({ token: 1, bound: 12, validUntilMs: Infinity });
    bench.nowMs = 99;
    assert.deepEqual(bench.turn(), []);
    bench.nowMs = 100;
    assert.deepEqual(bench.turn(), ["a NO_LEADER"]);
    assert.equal(bench.reads.count, 0);
    bench.appliedTo = 12;
    assert.deepEqual(bench.turn(), []);
  });

  it("Stale reads ask nobody; session reads wait for their revision.", () => {
    const bench = new Bench();
    bench.add("stale", "stale");
    bench.add("session", "session", 0);
    bench.add("later", "session", 1);
    assert.deepEqual(bench.turn(), ["stale", "session"]);
    assert.deepEqual(bench.asked, []);
    bench.nowMs = LOG_LIMITS.staleWaitMs;
    assert.deepEqual(bench.turn(), ["later TOO_STALE"]);
  });

  it("Reads over the limit are refused.", () => {
    const bench = new Bench();
    for (let index = 0; index < 6; index++) bench.add(`${index}`, "linearizable");
    assert.deepEqual(bench.turn(), ["5 OVERLOADED"]);
  });
});
