import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ExpiryQueue } from "../../../packages/machine/src/session/expiry.ts";

type Operation =
  readonly ["add", number] | readonly ["renew", number, number] | readonly ["end", number] | readonly ["take", number];

test("the earliest expiry and what is taken are those of a plain list, whatever was renewed or ended meanwhile", () => {
  const operation: fc.Arbitrary<Operation> = fc.oneof(
    fc.tuple(fc.constant("add" as const), fc.nat(1000)),
    fc.tuple(fc.constant("renew" as const), fc.nat(), fc.nat(1000)),
    fc.tuple(fc.constant("end" as const), fc.nat()),
    fc.tuple(fc.constant("take" as const), fc.nat(300)),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
      const expiresAt = new Map<number, number>();
      const queue = new ExpiryQueue((session) => expiresAt.get(session) ?? -1);
      const pick = (place: number): number | undefined => [...expiresAt.keys()][place % expiresAt.size];
      let lastSession = 0;
      let nowMs = 0;
      for (const [kind, first, second] of operations) {
        if (kind === "add") {
          expiresAt.set(++lastSession, nowMs + first);
          queue.add(lastSession, nowMs + first);
        } else if (kind === "take") {
          nowMs += first;
          const due = [...expiresAt].filter(([, atMs]) => atMs <= nowMs).map(([session]) => session);
          assert.deepEqual(queue.take(nowMs), due);
          for (const session of due) expiresAt.delete(session);
        } else {
          const session = pick(first);
          if (session === undefined) continue;
          if (kind === "renew") expiresAt.set(session, expiresAt.get(session)! + second);
          else {
            expiresAt.delete(session);
            queue.tidy(expiresAt.size);
          }
        }
        assert.equal(queue.earliestMs(), Math.min(Infinity, ...expiresAt.values()));
      }
    }),
    { seed: 1 },
  );
});

test("sessions that come and go leave nothing behind", () => {
  const alive = new Set<number>();
  const queue = new ExpiryQueue((session) => (alive.has(session) ? 1e9 + session : -1));
  for (let session = 1; session <= 10_000; session++) {
    alive.add(session);
    queue.add(session, 1e9 + session);
    alive.delete(session);
    queue.tidy(alive.size);
  }
  const { entries } = queue as unknown as { entries: readonly unknown[] };
  assert.ok(entries.length <= 64, `${entries.length} entries are left`);
});
