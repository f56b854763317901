import assert from "node:assert/strict";
import { test } from "node:test";

import {
  emptyDurable,
  createEngine,
  type Engine,
  ENGINE_DEFAULTS,
  type Entry,
  type Members,
  type Output,
} from "@quorate/paxos";
import { Cluster, configOf, majorityOf, member } from "./cluster.ts";

const BATCH = new Uint8Array(64);
const LESSONS_A_TURN = 64;
const BEHIND_SLOTS = Number(process.env["LAGGARD_SLOTS"] ?? 20_000);

/** Three engines that do at once what they are told, and the host of the first, which has the whole log. */
class Trio {
  readonly engines: readonly Engine[];
  readonly log: Entry[] = [];
  /** Nothing reaches or leaves this node. */
  away = 3;
  taught = 0;
  opening = 0;
  private nowMs = 0;
  private readonly units = [0, 0, 0, 0];
  /** What the host has read for those who lack it, to be sent. */
  private readonly lessons: (() => void)[] = [];
  readonly chosenTo: number[] = [0, 0, 0, 0];

  constructor() {
    this.engines = [1, 2, 3].map((node) => createEngine(configOf(node), emptyDurable(majorityOf(1, 2, 3))));
    for (const engine of this.engines) engine.tick(0);
    this.leader.campaignNow();
    this.take(1);
  }

  get leader(): Engine {
    return this.engines[0]!;
  }

  /** One batch offered, and 10 ms. */
  turn(): string {
    const answer = this.leader.propose(this.opening, BATCH);
    this.take(1);
    this.nowMs += 10;
    for (const node of [1, 2, 3]) {
      this.engines[node - 1]!.tick(this.nowMs);
      this.take(node);
    }
    for (let sent = 0; sent < LESSONS_A_TURN && this.lessons.length > 0; sent++) this.lessons.shift()!();
    return answer;
  }

  private take(node: number): void {
    const engine = this.engines[node - 1]!;
    for (;;) {
      const out: Output = engine.output();
      if (node === 1) {
        this.opening = out.opening;
        this.log.push(...out.chosen);
      }
      this.chosenTo[node] = out.chosenTo;
      for (const { to, message } of out.sends)
        for (const receiver of to) {
          if (receiver === this.away || node === this.away) continue;
          this.engines[receiver - 1]!.receive(out.speaker, message);
          this.take(receiver);
        }
      for (const { to, slotFrom } of out.supply) this.teach(to, slotFrom);
      if (out.records.length > 0) engine.persisted(out.seq, ++this.units[node]!);
      if (out.chosen.length > 0) engine.applied(out.chosenTo);
      if (out.records.length === 0 && out.chosen.length === 0) return;
    }
  }

  /** What the leader's host reads from its log. */
  private teach(to: number, slotFrom: number): void {
    const { messageEntriesMax } = ENGINE_DEFAULTS.limits;
    const entries = this.log.slice(slotFrom - 1, slotFrom - 1 + messageEntriesMax);
    this.taught += entries.length;
    const speaker = { node: 1, incarnation: 1001, life: 1, unit: this.units[1]!, unitAtStart: 0 };
    const { length } = this.log;
    this.lessons.push(() => {
      this.engines[to - 1]!.receive(speaker, { kind: "learn", entries, floors: [], chosenTo: length });
      this.take(to);
    });
  }
}

test("while a node is away, and while it catches up with thousands of slots, every batch offered is taken and chosen in its turn", () => {
  const trio = new Trio();
  const held = (): number => trio.leader.fingerprint().length;
  for (let slot = 0; slot < ENGINE_DEFAULTS.limits.windowSlots; slot++) assert.equal(trio.turn(), "taken");
  const before = held();
  while (trio.log.length < BEHIND_SLOTS) {
    assert.equal(trio.turn(), "taken");
    if (trio.chosenTo[1] !== trio.log.length) assert.fail(`slot ${trio.log.length} was not chosen in its turn`);
  }
  assert.ok(held() < 2 * before + 1_000, `the leader holds ${held()} characters of state, ${before} before`);

  trio.away = 0;
  let turns = 0;
  for (; trio.chosenTo[3]! < trio.chosenTo[1]! - 1; turns++) {
    const chosen = trio.log.length;
    assert.equal(trio.turn(), "taken");
    assert.equal(trio.log.length, chosen + 1, "one batch, one slot, as if nobody lagged");
    assert.ok(turns < 2_000, `node 3 knows ${trio.chosenTo[3]} chosen after ${turns} turns`);
  }
  // Each slot is taught about once, by the host; the leader itself sends none of them again.
  assert.ok(trio.taught >= BEHIND_SLOTS - ENGINE_DEFAULTS.limits.windowSlots, `${trio.taught} slots were taught`);
  assert.ok(trio.taught < 1.2 * trio.log.length, `${trio.taught} slots were taught`);
});

test("a node that comes to be a voter and never answers is given up, and another change may be asked for", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3), {}, [4]);
  const leader = cluster.elect();
  cluster.node(4).up = false;
  const wish = majorityOf(1, 2, 3, 4);
  assert.equal(leader.engine.changeMembers(wish), null);
  cluster.take(leader);
  cluster.run(2_000);
  const members = (): Members => leader.engine.output().governing.members;
  assert.deepEqual(members().nonVoters, [member(4)]);
  assert.notEqual(leader.engine.changeMembers(majorityOf(1, 2, 3)), null, "the first wish still stands");
  cluster.run(2_000);
  assert.deepEqual(
    leader.events.filter((event) => event.kind === "change-given-up"),
    [{ kind: "change-given-up", node: 4, why: "it does not answer" }],
  );
  assert.equal(leader.engine.changeMembers(majorityOf(1, 2, 3)), null);
  cluster.take(leader);
  cluster.run(500);
  assert.deepEqual(members().nonVoters, []);
});

test("a non-voter that always lags by more than an election timeout is given up after ten rounds", () => {
  const cluster = new Cluster(majorityOf(1, 2, 3), {}, [4]);
  const leader = cluster.elect();
  // It hears everything but what it would learn from: its own questions never arrive.
  let late = 0;
  cluster.cut = (from) => from === 4 && late++ % 40 !== 0;
  assert.equal(leader.engine.changeMembers(majorityOf(1, 2, 3, 4)), null);
  cluster.take(leader);
  for (let ms = 0; ms < 60_000; ms += 10) {
    if (leader.opening > 0) cluster.propose(leader, `${ms}`);
    cluster.run(10);
    if (leader.events.some((event) => event.kind === "change-given-up")) break;
  }
  const ends = leader.events.filter(
    (event) => event.kind === "change-given-up" || (event.kind === "members-changed" && event.slot > 10),
  );
  assert.deepEqual(ends, [{ kind: "change-given-up", node: 4, why: "it did not catch up in 10 rounds" }]);
});
