import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { initialMembers } from "@quorate/log";
import { type DurableRecord, type Governing, type Message, type Output, SLOT_MAX } from "@quorate/paxos";
import { CarryOut } from "../../../packages/log/src/replica/carry-out.ts";
import { Governings } from "../../../packages/log/src/replica/governings.ts";
import type { GroupLog } from "../../../packages/log/src/wal/group-log.ts";

const SPEAKER = { node: 1, incarnation: 2, life: 3, unit: 4, unitAtStart: 2 };
const FORMED: Governing = { members: initialMembers([1]), slot: 0, floor: 0 };

function output(seq: number, records: readonly DurableRecord[], message: Message | null = null): Output {
  return {
    speaker: SPEAKER,
    sends: message === null ? [] : [{ to: [2, 3], message }],
    supply: [],
    records,
    seq,
    chosenTo: 0,
    chosen: [],
    governing: FORMED,
    reads: [],
    leader: 0,
    promised: 0,
    opening: 0,
    damage: { faulty: 0, cured: 0, mute: false },
    leaseUntilMs: -Infinity,
    events: [],
  };
}

describe("carry-out", () => {
  it("Records go to the log in order; what is durable is told once, as far as it goes.", () => {
    const durable: ((unit: number) => void)[] = [];
    const appended: (readonly DurableRecord[])[] = [];
    const log = {
      append: (records: readonly DurableRecord[], told: (unit: number) => void) => {
        appended.push(records);
        durable.push(told);
      },
    } as unknown as GroupLog;
    let wakes = 0;
    const carryOut = new CarryOut(
      log,
      new Governings([FORMED]),
      () => undefined,
      () => {
        wakes += 1;
      },
    );
    const promise: DurableRecord = { kind: "promised", ballot: 9 };
    carryOut.carry(output(1, [promise]));
    assert.deepEqual(appended, [[promise]]);
    carryOut.carry(output(2, [{ kind: "chosen", slot: 1 }]));
    carryOut.carry(output(2, []));
    assert.equal(appended.length, 2);
    assert.equal(carryOut.writing, true);
    assert.equal(carryOut.takePersisted(), null);
    durable[0]!(5);
    assert.equal(carryOut.writing, true);
    durable[1]!(6);
    assert.equal(carryOut.writing, false);
    assert.equal(wakes, 2);
    assert.deepEqual(carryOut.takePersisted(), { seq: 2, unit: 6 });
    assert.equal(carryOut.takePersisted(), null);
  });

  it("Messages leave at once, with the speaker of their output; sets that are known chosen are kept.", () => {
    const sent: unknown[] = [];
    const governings = new Governings([FORMED]);
    const carryOut = new CarryOut(
      { append: () => undefined } as unknown as GroupLog,
      governings,
      (speaker, to, message) => sent.push([speaker, to, message]),
      () => undefined,
    );
    const message: Message = { kind: "fetch", slotFrom: SLOT_MAX };
    const governing = { members: initialMembers([1, 2]), slot: 7, floor: 8 };
    carryOut.carry(output(1, [{ kind: "members", governing }], message));
    assert.deepEqual(sent, [[SPEAKER, [2, 3], message]]);
    assert.deepEqual(governings.at(7), governing);
  });
});
