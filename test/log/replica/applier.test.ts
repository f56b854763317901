import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compose, encodeBatch, SESSION_MACHINE, sessionCommands } from "@quorate/machine";
import type { Entry, EntryKind } from "@quorate/paxos";
import { Applier } from "../../../packages/log/src/replica/applier.ts";
import { words } from "../memory-cluster.ts";

/** A batch that opens one session, so that each that counts is one revision. */
function entry(slot: number, origin: number, anchored: boolean, kind: EntryKind = "batch"): Entry {
  const command = sessionCommands.encodeOpen({ ttlMs: 60_000 });
  const request = { session: 0, number: slot };
  const bytes =
    kind === "batch"
      ? encodeBatch(slot, [{ request, releasedTo: 0, machine: SESSION_MACHINE, command }])
      : new Uint8Array(0);
  return { slot, ballot: origin, origin, anchored, kind, bytes };
}

function applier(): { readonly applier: Applier; readonly replies: number[]; readonly told: boolean[] } {
  const replies: number[] = [];
  const told: boolean[] = [];
  return {
    applier: new Applier(
      compose([words]),
      (request) => replies.push(request.number),
      (_entry, counted) => told.push(counted),
    ),
    replies,
    told,
  };
}

describe("applier", () => {
  it("Applies what counts, in slot order, and says so of each entry.", () => {
    const { applier: one, replies, told } = applier();
    one.apply(entry(1, 10, true));
    one.apply(entry(2, 10, false));
    assert.equal(one.appliedTo, 2);
    assert.equal(one.composite.revision, 2);
    assert.deepEqual(replies, [1, 2]);
    assert.deepEqual(told, [true, true]);
  });

  it("A batch on top of another leader's entry is void: it changes nothing, and neither does what follows it.", () => {
    const { applier: one, replies, told } = applier();
    one.apply(entry(1, 10, true));
    one.apply(entry(2, 20, true));
    one.apply(entry(3, 10, false));
    one.apply(entry(4, 10, false));
    assert.equal(one.appliedTo, 4);
    assert.equal(one.composite.revision, 2);
    assert.equal(one.composite.logTimeMs, 2);
    assert.deepEqual(replies, [1, 2]);
    assert.deepEqual(told, [true, true, false, false]);
    assert.equal(one.voids, 2);
  });

  it("A no-op carries nothing: what its origin proposed next stands on nothing.", () => {
    const { applier: one, told } = applier();
    one.apply(entry(1, 10, true));
    one.apply(entry(2, 10, false, "noop"));
    one.apply(entry(3, 10, false));
    one.apply(entry(4, 30, true));
    assert.deepEqual(told, [true, false, false, true]);
  });

  it("An entry that was applied is not applied again; one above a gap is a fault of the program.", () => {
    const { applier: one } = applier();
    one.apply(entry(1, 10, true));
    one.apply(entry(1, 10, true));
    assert.equal(one.composite.revision, 1);
    assert.throws(() => one.apply(entry(3, 10, true)), /slot 3/);
  });

  it("Goes on from a snapshot where that ends, with the standing that it carries.", () => {
    const { applier: one, told } = applier();
    one.replace(compose([words]), 7, { origin: 10, carries: true });
    one.apply(entry(8, 10, false));
    assert.deepEqual(told, [true]);
    assert.throws(() => one.replace(compose([words]), 8, { origin: 10, carries: true }), /take back/);
  });

  it("Bytes that are no batch are not applied, and nothing after them.", () => {
    const { applier: one } = applier();
    const broken: Entry = { ...entry(1, 10, true), bytes: new Uint8Array([1, 2, 3]) };
    assert.throws(() => one.apply(broken), { code: "LOG_CORRUPT" });
    assert.equal(one.appliedTo, 0);
  });
});
