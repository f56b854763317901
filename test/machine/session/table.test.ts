import assert from "node:assert/strict";
import { test } from "node:test";
import { SESSION_LIMITS, type Settlement } from "@quorate/machine";
import { SessionTable } from "../../../packages/machine/src/session/table.ts";

function settlement(length: number): Settlement {
  return { error: "", bytes: new Uint8Array(length), revision: 1, logTimeMs: 0 };
}

test("a session expires at its last renewal plus its lifetime, and not before", () => {
  const table = new SessionTable(SESSION_LIMITS);
  table.open(1, 100, 5000, 1000);
  assert.equal(table.dueMs(), 6000);
  table.renew(table.own(1)!, 3000);
  assert.equal(table.dueMs(), 8000);
  assert.deepEqual(table.expire(7999.9), []);
  assert.deepEqual(table.expire(8000), [1]);
  assert.deepEqual(
    [table.lives(1), table.own(1), table.findByNonce(100), table.dueMs()],
    [false, undefined, undefined, Infinity],
  );
});

test("those that expire together are told by id, and none of them lives any more", () => {
  const table = new SessionTable(SESSION_LIMITS);
  for (const [id, ttlMs] of [
    [1, 9000],
    [2, 8000],
    [3, 7000],
    [4, 9001],
  ] as const)
    table.open(id, id, ttlMs, 0);
  assert.deepEqual(table.expire(9000), [1, 2, 3]);
  assert.deepEqual(
    [1, 2, 3, 4].map((id) => table.lives(id)),
    [false, false, false, true],
  );
});

test("what is frozen never changes: whoever changes a session changes a copy, once per freeze", () => {
  const table = new SessionTable(SESSION_LIMITS);
  table.open(1, 10, 5000, 0);
  table.keep(table.own(1)!, 1, settlement(3));
  const frozen = table.freeze();
  const session = table.own(1)!;
  assert.notEqual(session, frozen[0]);
  assert.equal(table.own(1), session);
  table.renew(session, 77);
  table.keep(session, 2, settlement(3));
  table.release(session, 1);
  table.open(2, 20, 5000, 0);
  table.end(1);
  assert.equal(frozen.length, 1);
  const [first] = frozen;
  assert.deepEqual([first!.renewedMs, first!.requests.count, first!.requests.releasedTo], [0, 1, 0]);
});

test("the bytes of all results are counted through keeping, releasing, ending and expiring", () => {
  const table = new SessionTable(SESSION_LIMITS);
  for (const id of [1, 2, 3]) {
    table.open(id, id, 1000 * id, 0);
    table.keep(table.own(id)!, 1, settlement(100));
    table.keep(table.own(id)!, 2, settlement(100));
  }
  const each = table.resultBytesTotal / 6;
  table.freeze();
  table.release(table.own(3)!, 1);
  assert.equal(table.resultBytesTotal, 5 * each);
  table.end(2);
  assert.equal(table.resultBytesTotal, 3 * each);
  table.expire(1000);
  assert.equal(table.resultBytesTotal, each);
});

test("where all results together are too many bytes, those who hold more than their share wait", () => {
  const table = new SessionTable({ ...SESSION_LIMITS, resultBytesTotalMax: 1000 });
  table.open(1, 1, 1000, 0);
  table.open(2, 2, 1000, 0);
  table.keep(table.own(1)!, 1, settlement(1000));
  table.keep(table.own(2)!, 1, settlement(10));
  assert.deepEqual([table.overloaded(table.own(1)!), table.overloaded(table.own(2)!)], [true, false]);
});
