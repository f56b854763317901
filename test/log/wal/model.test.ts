import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Entry } from "@quorate/paxos";
import { accepted, FORMED, Process, promised, SMALL } from "./logs.ts";

/** What the log must hold of one group. */
interface Model {
  promised: number;
  base: number;
  votes: Map<number, { ballot: number; text: string }>;
}

const GROUPS = 3;

const action = fc.oneof(
  fc.record({ kind: fc.constant("vote" as const), group: fc.nat(GROUPS - 1), gap: fc.nat(2), length: fc.nat(1_200) }),
  fc.record({ kind: fc.constant("ballot" as const), group: fc.nat(GROUPS - 1), raise: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant("again" as const), group: fc.nat(GROUPS - 1), back: fc.nat(5) }),
  fc.record({ kind: fc.constant("trim" as const), group: fc.nat(GROUPS - 1), back: fc.nat(3) }),
  fc.record({ kind: fc.constant("idle" as const) }),
  fc.record({ kind: fc.constant("close" as const) }),
  fc.record({ kind: fc.constant("crash" as const), kept: fc.nat(7) }),
);

function compare(models: readonly Model[], log: Process, recovered: boolean): void {
  models.forEach((model, index) => {
    const group = index + 1;
    if (recovered) {
      const durable = log.opened.groups.get(group)?.durable;
      if (durable === undefined) assert.equal(model.votes.size + model.promised + model.base, 0);
      else {
        assert.equal(durable.promised, model.promised);
        assert.equal(durable.base, model.base);
        const votes = durable.accepted.map((one) => [one.slot, one.ballot, new TextDecoder().decode(one.bytes)]);
        const expected = [...model.votes].filter(([slot]) => slot > model.base).sort(([left], [right]) => left - right);
        assert.deepEqual(
          votes,
          expected.map(([slot, vote]) => [slot, vote.ballot, vote.text]),
        );
        assert.deepEqual([durable.faulty, durable.promisedLost], [[], false]);
      }
    }
    const slotLast = Math.max(0, ...model.votes.keys());
    if (log.opened.groups.size === 0 && slotLast === 0) return;
    const readable: Entry[] = [];
    const { slotFirst } = log.opened.wal.group(group);
    assert.ok(slotFirst <= model.base + 1, `slotFirst ${slotFirst} above base ${model.base}`);
    for (let slot = Math.max(slotFirst, 1); slot <= slotLast; slot++) readable.push(...log.read(group, slot, slot));
    for (const one of readable) {
      const vote = model.votes.get(one.slot);
      assert.deepEqual(
        [one.ballot, new TextDecoder().decode(one.bytes)],
        [vote?.ballot, vote?.text],
        `slot ${one.slot}`,
      );
    }
    for (const slot of model.votes.keys()) {
      if (slot > model.base)
        assert.ok(
          readable.some((one) => one.slot === slot),
          `slot ${slot} cannot be read`,
        );
    }
  });
}

test("appending, rolling over, trimming, idling, closing and losing power leave what a plain list would hold", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60, size: "max" }), (actions) => {
      let log = new Process(null, SMALL);
      const models: Model[] = Array.from({ length: GROUPS }, () => ({ promised: 0, base: 0, votes: new Map() }));
      for (const one of actions) {
        const model = "group" in one ? models[one.group]! : models[0]!;
        const group = "group" in one ? one.group + 1 : 1;
        switch (one.kind) {
          case "vote":
          case "again": {
            const slotLast = Math.max(model.base, ...model.votes.keys());
            const slot = one.kind === "vote" ? slotLast + 1 + one.gap : Math.max(model.base + 1, slotLast - one.back);
            const ballot = Math.max(model.promised, 1_025);
            const known = model.votes.get(slot);
            const length = one.kind === "vote" ? one.length : 30;
            const text = known?.ballot === ballot ? known.text : `${group}:${slot}@${ballot}`.padEnd(length, "~");
            model.votes.set(slot, { ballot, text });
            model.promised = ballot;
            assert.ok(log.write(group, accepted(slot, ballot, text)) > 0);
            break;
          }
          case "ballot":
            model.promised += one.raise * 1_024;
            assert.ok(log.write(group, promised(model.promised)) > 0);
            break;
          case "trim": {
            const base = Math.max(0, ...model.votes.keys()) - one.back;
            if (base <= model.base) break;
            model.base = base;
            log.opened.wal.group(group).trim(base, FORMED);
            log.turns.run();
            break;
          }
          case "idle":
            log.turns.advance(SMALL.sealMs);
            break;
          case "close":
            log = log.reopen();
            compare(models, log, true);
            break;
          case "crash":
            log = log.crash(({ sector }) => ((sector + one.kept) % 3) * 256);
            compare(models, log, true);
            break;
        }
        assert.deepEqual(log.failures, []);
      }
      compare(models, log, false);
      compare(models, log.reopen(), true);
    }),
    { numRuns: 60, seed: 7, includeErrorInReport: true },
  );
});
