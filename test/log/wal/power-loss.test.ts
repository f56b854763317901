import assert from "node:assert/strict";
import { test } from "node:test";
import type { DurableRecord } from "@quorate/paxos";
import { MemoryDisk } from "../../../packages/log/src/disk/memory-disk.ts";
import { keyed, powerLosses } from "../power-losses.ts";
import { accepted, CLUSTER, FORMED, Process, promised, SMALL } from "./logs.ts";
import { openWal, type OpenedWal } from "../../../packages/log/src/wal/wal.ts";
import { Turns } from "../turns.ts";

/** What was told durable so far, of one group. */
interface Told {
  promised: number;
  votes: Map<number, { ballot: number; text: string }>;
  base: number;
}

const GROUPS = 3;
const STEPS = 400;
const SAMPLES = 6;

/** A run that appends to three groups, trims, idles and rolls over segments; stopped before step `stopAt`. */
class Run {
  readonly turns = new Turns();
  readonly disk: MemoryDisk = new MemoryDisk({ later: this.turns.later });
  readonly told = new Map<number, Told>();
  readonly asked = new Map<number, Told>();
  #opened: OpenedWal | null = null;
  unitTold = 0;
  recycled = 0;

  begin(): void {
    this.disk.fault = ({ kind, path }) => {
      if (kind === "rename" && path.endsWith(".seg")) this.recycled += 1;
      return null;
    };
    for (let group = 1; group <= GROUPS; group++) {
      this.told.set(group, { promised: 0, votes: new Map(), base: 0 });
      this.asked.set(group, { promised: 0, votes: new Map(), base: 0 });
    }
    openWal(
      {
        disk: this.disk,
        clock: this.turns,
        cluster: CLUSTER,
        limits: SMALL,
        openSlots: 16,
        coveredTo: () => 0,
        onFailed: (error) => {
          throw error;
        },
      },
      (error, opened) => {
        if (error !== null) throw error;
        this.#opened = opened;
      },
    );
  }

  /** Runs one disk completion; hands in more work now and then. */
  step(number: number): void {
    if (this.#opened !== null && number % 4 === 0) this.#work(number);
    if (!this.turns.step() && this.#opened !== null) {
      if (keyed("idle", number) % 5 === 0) this.turns.advance(SMALL.sealMs);
      else this.#work(number);
    }
  }

  #work(number: number): void {
    const group = 1 + (keyed("group", number) % GROUPS);
    const asked = this.asked.get(group)!;
    const told = this.told.get(group)!;
    const ballot = (1 + Math.floor(number / 25)) * 1_024 + 1;
    const records: DurableRecord[] = [];
    if (ballot > asked.promised) {
      asked.promised = ballot;
      records.push(promised(ballot));
    }
    const count = 1 + (keyed("count", number) % 3);
    const slotLast = Math.max(asked.base, ...asked.votes.keys());
    for (let index = 0; index < count; index++) {
      const rewrite = keyed("again", number, index) % 4 === 0;
      const slot = rewrite ? Math.max(asked.base + 1, slotLast) : slotLast + 1 + index;
      if ((asked.votes.get(slot)?.ballot ?? 0) > ballot) continue;
      const text = `${group}/${slot}@${ballot}`.padEnd(20 + (keyed("length", group, slot, ballot) % 900), ".");
      asked.votes.set(slot, { ballot, text });
      records.push(accepted(slot, ballot, text));
    }
    const log = this.#opened!.wal.group(group);
    log.append(records, (unit) => {
      this.unitTold = Math.max(this.unitTold, unit);
      for (const record of records) {
        if (record.kind === "promised") told.promised = Math.max(told.promised, record.ballot);
        if (record.kind === "accepted") {
          const { slot, ballot: cast, bytes } = record.entry;
          told.votes.set(slot, { ballot: cast, text: new TextDecoder().decode(bytes) });
        }
      }
    });
    if (keyed("trim", number) % 6 === 0 && told.votes.size > 4) {
      const base = Math.max(...told.votes.keys()) - 2;
      asked.base = Math.max(asked.base, base);
      log.trim(asked.base, FORMED);
    }
  }
}

function check(run: Run, disk: MemoryDisk, story: string): void {
  const next = new Process(disk);
  assert.deepEqual(next.opened.faults, [], story);
  for (const [group, told] of run.told) {
    const durable = next.opened.groups.get(group)?.durable;
    if (durable === undefined) {
      assert.equal(told.votes.size, 0, `${story}: group ${group} is gone`);
      continue;
    }
    assert.ok(durable.unit >= run.unitTold, `${story}: unit ${durable.unit} < ${run.unitTold}`);
    assert.ok(durable.promised >= told.promised, `${story}: promised ${durable.promised} < ${told.promised}`);
    assert.ok(durable.base <= run.asked.get(group)!.base, `${story}: base ${durable.base}`);
    assert.deepEqual(durable.faulty, [], story);
    assert.equal(durable.promisedLost, false, story);
    const votes = new Map(durable.accepted.map((one) => [one.slot, one]));
    for (const [slot, vote] of told.votes) {
      if (slot <= durable.base) continue;
      const found = votes.get(slot);
      assert.ok(
        found !== undefined && found.ballot >= vote.ballot,
        `${story}: the vote of slot ${slot} of group ${group} is gone`,
      );
      if (found.ballot === vote.ballot) {
        assert.equal(new TextDecoder().decode(found.bytes), vote.text, `${story}: slot ${slot} of group ${group}`);
      }
    }
  }
  // The log goes on, and what it writes now is there after another power loss.
  const unit = next.write(9, promised(99 * 1_024 + 1));
  const losses = powerLosses(next.disk, keyed(story), 2);
  const after = next.crash(losses[keyed(story) % losses.length]!);
  assert.ok(after.opened.groups.get(9)!.durable.unit >= unit, `${story}: second life`);
  assert.equal(after.opened.groups.get(9)!.durable.promised, 99 * 1_024 + 1, story);
  assert.deepEqual(after.opened.faults, [], `${story}: second life`);
}

test("after a power loss at any step, with any sectors kept, lost or torn, everything that was told durable is there (M1)", () => {
  const run = new Run();
  run.begin();
  let crashes = 0;
  for (let step = 0; step < STEPS; step++) {
    for (const [way, decide] of powerLosses(run.disk, step, SAMPLES).entries()) {
      const disk = run.disk.copy(() => undefined);
      disk.crash(decide);
      check(run, disk, `step ${step}, way ${way}`);
      crashes++;
    }
    run.step(step);
  }
  assert.ok(crashes > 3_000, `only ${crashes} crashes`);
  assert.ok(run.unitTold > 50, `only ${run.unitTold} units`);
  assert.ok(run.recycled >= 2, `only ${run.recycled} segments were used again`);
  const bases = [...run.asked.values()].map(({ base }) => base);
  assert.ok(
    bases.every((base) => base > 5),
    String(bases),
  );
});
