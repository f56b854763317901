import assert from "node:assert/strict";
import { test } from "node:test";
import { lockMachine } from "@quorate/lock";
import { compose, encodeBatch, sessionCommands, sessionResults } from "@quorate/machine";
import { imageBytes, LogOfOne, want } from "../log-of-one.ts";

test("a free lock is granted at once, and its token is the revision of the step", () => {
  const log = new LogOfOne();
  assert.deepEqual(log.acquire(1, 1, [want("a")]), {
    kind: "claim",
    session: 1,
    status: { claim: 1, state: "held", token: 101, untilMs: 0 },
  });
  assert.equal(log.validate("a", 101), true);
  assert.equal(log.validate("a", 100), false);
  assert.equal(log.validate("b", 101), false);
});

test("waiters are granted in the order of the log, each with a higher token", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a")]);
  log.acquire(2, 1, [want("a")]);
  log.acquire(3, 1, [want("a")]);
  assert.deepEqual(log.apply(1, { kind: "release", claim: 1, token: 101 }), { kind: "released", released: true });
  assert.deepEqual([log.status(1, 1), log.status(2, 1), log.status(3, 1)], ["none", "held 104", "queued"]);
  log.apply(2, { kind: "cancel", claim: 1 });
  assert.equal(log.status(3, 1), "held 105");
});

test("a claim that is there already is told how it stands, and nothing is queued again", () => {
  const log = new LogOfOne();
  const first = log.acquire(1, 1, [want("a")]);
  assert.deepEqual(log.acquire(1, 1, [want("a")]), first);
  assert.deepEqual(log.acquire(1, 1, [want("b")]), { kind: "refused", reason: "claim-in-use" });
  log.apply(1, { kind: "release", claim: 1, token: 101 });
  assert.deepEqual(log.query({ kind: "list", prefix: "", after: "", limit: 10 }), {
    kind: "list",
    locks: [],
    more: false,
  });
});

test("a release frees nothing unless session, claim and token are those of the holder", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a")]);
  for (const [session, claim, token] of [
    [2, 1, 101],
    [1, 2, 101],
    [1, 1, 100],
  ] as const) {
    assert.deepEqual(log.apply(session, { kind: "release", claim, token }), { kind: "released", released: false });
  }
  assert.equal(log.status(1, 1), "held 101");
  log.apply(1, { kind: "release", claim: 1, token: 101 });
  assert.deepEqual(log.apply(1, { kind: "release", claim: 1, token: 101 }), { kind: "released", released: false });
});

test("a try takes the lock now or leaves nothing behind, and never overtakes a waiter", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a", "shared")]);
  log.acquire(2, 1, [want("a")]);
  assert.deepEqual(log.acquire(3, 1, [want("a", "shared")], { wait: false }), { kind: "busy", delayedUntilMs: 0 });
  assert.equal(log.status(3, 1), "none");
  assert.equal(log.acquire(3, 2, [want("b")], { wait: false }).kind, "claim");
});

test("shared holders share, and an exclusive waiter is not starved by later shared ones", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a", "shared")]);
  log.acquire(2, 1, [want("a", "shared")]);
  log.acquire(3, 1, [want("a")]);
  log.acquire(4, 1, [want("a", "shared")]);
  assert.deepEqual([log.status(2, 1), log.status(3, 1), log.status(4, 1)], ["held 102", "queued", "queued"]);
  log.apply(1, { kind: "cancel", claim: 1 });
  assert.equal(log.status(3, 1), "queued");
  log.apply(2, { kind: "cancel", claim: 1 });
  assert.deepEqual([log.status(3, 1), log.status(4, 1)], ["held 106", "queued"]);
  log.apply(3, { kind: "cancel", claim: 1 });
  assert.equal(log.status(4, 1), "held 107");
});

test("a semaphore gives out no more permits than it has, and its size is agreed while it is in use", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("s", "permits", 2, 3)]);
  log.acquire(2, 1, [want("s", "permits", 2, 3)]);
  log.acquire(3, 1, [want("s", "permits", 1, 3)]);
  assert.deepEqual([log.status(1, 1), log.status(2, 1), log.status(3, 1)], ["held 101", "queued", "queued"]);
  assert.deepEqual(log.acquire(4, 1, [want("s", "permits", 1, 4)]), { kind: "refused", reason: "permits-differ" });
  log.apply(1, { kind: "cancel", claim: 1 });
  assert.deepEqual([log.status(2, 1), log.status(3, 1)], ["held 105", "held 105"]);
  log.apply(2, { kind: "cancel", claim: 1 });
  log.apply(3, { kind: "cancel", claim: 1 });
  assert.equal(log.acquire(4, 1, [want("s", "permits", 4, 4)]).kind, "claim");
});

test("several locks are granted all at once, so two claims that cross each other do not deadlock", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("b")]);
  log.acquire(2, 1, [want("a"), want("b")]);
  log.acquire(3, 1, [want("a"), want("b")]);
  log.acquire(4, 1, [want("a")]);
  assert.deepEqual([log.status(2, 1), log.status(3, 1), log.status(4, 1)], ["queued", "queued", "queued"]);
  log.apply(1, { kind: "cancel", claim: 1 });
  assert.deepEqual([log.status(2, 1), log.status(3, 1), log.status(4, 1)], ["held 105", "queued", "queued"]);
  assert.deepEqual([log.validate("a", 105), log.validate("b", 105)], [true, true]);
  log.apply(3, { kind: "cancel", claim: 1 });
  log.apply(2, { kind: "cancel", claim: 1 });
  assert.equal(log.status(4, 1), "held 107");
});

test("a claim for several locks does not overtake at one of them, though it is first at the other", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("c")]);
  log.acquire(1, 2, [want("a")]);
  log.acquire(2, 1, [want("b"), want("c")]);
  log.acquire(3, 1, [want("a"), want("b")]);
  log.apply(1, { kind: "cancel", claim: 2 });
  assert.deepEqual([log.status(2, 1), log.status(3, 1)], ["queued", "queued"]);
  log.apply(1, { kind: "cancel", claim: 1 });
  assert.deepEqual([log.status(2, 1), log.status(3, 1)], ["held 106", "queued"]);
});

test("when a session ends, what it held goes to the next waiter that lives, and its own waiting ends", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a")]);
  log.acquire(2, 1, [want("a")]);
  log.acquire(3, 1, [want("a")]);
  log.endSessions(2);
  assert.equal(log.status(2, 1), "none");
  log.endSessions(1);
  assert.equal(log.status(3, 1), "held 105");
});

test("a grant checks the session of the waiter again, even before the machine was told of its end", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a")], { delayMs: 500 });
  log.acquire(2, 1, [want("a")]);
  log.acquire(3, 1, [want("a")]);
  log.liveSessions.delete(2);
  log.apply(1, { kind: "cancel", claim: 1 });
  assert.deepEqual([log.status(2, 1), log.status(3, 1)], ["none", "held 104"]);
});

test("a lock that passes through two sessions that end in one step has no token twice and no delay for a grant that nobody saw", () => {
  const log = new LogOfOne();
  log.neighbours = () => ({ holdsLock: () => false, sessionLives: () => true });
  log.machine = lockMachine.create(log.neighbours());
  log.acquire(1, 1, [want("a")], { delayMs: 0 });
  log.acquire(2, 1, [want("a")], { delayMs: 500 });
  log.acquire(3, 1, [want("a")]);
  log.endSessions(1, 2);
  assert.deepEqual([log.status(2, 1), log.status(3, 1)], ["none", "held 104"]);
  assert.equal(log.machine.dueMs!(), Infinity);
});

test("after an unclean loss the lock stays closed for its delay, and the first waiter sees how long", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a")], { delayMs: 500 });
  log.acquire(2, 1, [want("a")]);
  log.acquire(3, 1, [want("a")]);
  log.advanceTo(1000);
  log.endSessions(1);
  assert.deepEqual(log.query({ kind: "claim", session: 2, claim: 1 }), {
    kind: "claim",
    status: { claim: 1, state: "delayed", token: 0, untilMs: 1500 },
  });
  assert.equal(log.status(3, 1), "queued");
  assert.equal(log.validate("a", 101), false);
  assert.deepEqual(log.acquire(4, 1, [want("b")], { wait: false }).kind, "claim");
  assert.equal(log.machine.dueMs!(), 1500);
  log.advanceTo(1499);
  assert.equal(log.status(2, 1), "delayed");
  log.advanceTo(1500);
  assert.equal(log.status(2, 1), "held 106");
  assert.equal(log.machine.dueMs!(), Infinity);
});

test("a lock delay of a shared holder or of some permits closes no more than they had", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a", "shared"), want("s", "permits", 1, 2)], { delayMs: 500 });
  log.endSessions(1);
  assert.equal(log.acquire(2, 1, [want("a", "shared"), want("s", "permits", 1, 2)], { wait: false }).kind, "claim");
  assert.deepEqual(log.acquire(3, 1, [want("s", "permits", 1, 2)], { wait: false }), {
    kind: "busy",
    delayedUntilMs: 500,
  });
  assert.deepEqual(log.acquire(3, 2, [want("a")], { wait: false }), { kind: "busy", delayedUntilMs: 0 });
});

test("a forced release marks the lock revoked, and gives it on when the holder gives it up", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a")], { delayMs: 500, beliefMs: 900 });
  log.acquire(2, 1, [want("a")]);
  log.advanceTo(50);
  assert.deepEqual(log.apply(4, { kind: "force", lock: "a", token: 0, now: false, reason: "stuck" }), {
    kind: "forced",
    claims: [{ session: 1, claim: 1, token: 101, endsAtMs: 950 }],
  });
  assert.deepEqual([log.status(1, 1), log.status(2, 1), log.validate("a", 101)], ["revoked 101", "queued", true]);
  assert.deepEqual(log.apply(1, { kind: "confirm", claims: [1, 7] }), {
    kind: "confirmed",
    session: 1,
    statuses: [
      { claim: 1, state: "revoked", token: 101, untilMs: 950 },
      { claim: 7, state: "none", token: 0, untilMs: 0 },
    ],
  });
  log.apply(1, { kind: "release", claim: 1, token: 101 });
  assert.equal(log.status(2, 1), "held 105");
  assert.deepEqual(log.query({ kind: "audit" }), {
    kind: "audit",
    entries: [{ revision: 103, logTimeMs: 50, lock: "a", session: 4, now: false, reason: "stuck", taken: [[1, 101]] }],
  });
});

test("a revoked lock is given on once the belief of its holder must have ended, after the lock delay", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a")], { delayMs: 500, beliefMs: 900 });
  log.acquire(2, 1, [want("a")]);
  log.apply(4, { kind: "force", lock: "a", token: 101, now: false, reason: "" });
  // A second one does not put it off.
  log.advanceTo(100);
  log.apply(4, { kind: "force", lock: "a", token: 0, now: false, reason: "" });
  log.advanceTo(900);
  assert.deepEqual([log.status(1, 1), log.status(2, 1), log.validate("a", 101)], ["none", "delayed", false]);
  log.advanceTo(1400);
  assert.equal(log.status(2, 1), "held 106");
});

test("a forced release with now gives the lock on in the same step, past a lock delay too", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a")], { delayMs: 500 });
  log.acquire(2, 1, [want("a")], { delayMs: 500 });
  log.acquire(3, 1, [want("a")]);
  log.apply(4, { kind: "force", lock: "a", token: 0, now: true, reason: "" });
  assert.deepEqual([log.status(1, 1), log.status(2, 1)], ["none", "held 104"]);
  log.endSessions(2);
  assert.equal(log.status(3, 1), "delayed");
  log.apply(4, { kind: "force", lock: "a", token: 0, now: true, reason: "" });
  assert.equal(log.status(3, 1), "held 106");
  assert.deepEqual(log.apply(4, { kind: "force", lock: "a", token: 9, now: true, reason: "" }), {
    kind: "forced",
    claims: [],
  });
});

test("only the holder changes the value that observers see", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a")]);
  const value = new Uint8Array([7]);
  assert.deepEqual(log.apply(2, { kind: "proclaim", claim: 1, token: 101, value }), {
    kind: "proclaimed",
    proclaimed: false,
  });
  log.apply(1, { kind: "proclaim", claim: 1, token: 101, value });
  assert.deepEqual(log.query({ kind: "leader", lock: "a" }), {
    kind: "leader",
    leader: { session: 1, token: 101, value, valueRevision: 103, endsAtMs: 0 },
  });
  log.apply(1, { kind: "cancel", claim: 1 });
  assert.deepEqual(log.query({ kind: "leader", lock: "a" }), { kind: "leader", leader: null });
});

test("a waiter is woken by its grant alone, and a watcher tells each state once", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a")]);
  log.acquire(2, 1, [want("a")]);
  log.acquire(3, 1, [want("a")]);
  let wakes = 0;
  const watcher = log.machine.watch!({ kind: "claim", session: 3, claim: 1 }, () => wakes++);
  assert.equal(watcher.pull(100).length, 1);
  assert.equal(watcher.pull(100).length, 0);
  log.acquire(4, 1, [want("a")]);
  assert.equal(wakes, 0);
  log.apply(2, { kind: "cancel", claim: 1 });
  log.apply(1, { kind: "cancel", claim: 1 });
  assert.ok(wakes > 0);
  assert.deepEqual(watcher.pull(100), [{ kind: "claim", status: { claim: 1, state: "held", token: 106, untilMs: 0 } }]);
  watcher.close();
  wakes = 0;
  log.apply(3, { kind: "cancel", claim: 1 });
  assert.equal(wakes, 0);
});

test("a list goes by name and page, with holders, waiters and the times they came", () => {
  const log = new LogOfOne();
  for (const name of ["c", "a", "d", "b", "x"]) log.acquire(1, name.charCodeAt(0), [want(name)]);
  log.advanceTo(40);
  log.acquire(2, 1, [want("b", "shared")]);
  const answer = log.query({ kind: "list", prefix: "", after: "a", limit: 2 });
  assert.ok(answer.kind === "list" && answer.more);
  assert.deepEqual(
    answer.locks.map(({ name }) => name),
    ["b", "c"],
  );
  assert.deepEqual(answer.locks[0], {
    name: "b",
    permitsMax: 0,
    occupants: [
      {
        session: 1,
        claim: 98,
        state: "held",
        mode: "exclusive",
        permits: 0,
        token: 104,
        queuedAtMs: 0,
        grantedAtMs: 0,
        endsAtMs: 0,
      },
    ],
    occupantCount: 1,
    waiters: [
      {
        session: 2,
        claim: 1,
        state: "queued",
        mode: "shared",
        permits: 0,
        token: 0,
        queuedAtMs: 40,
        grantedAtMs: 0,
        endsAtMs: 0,
      },
    ],
    waiterCount: 1,
  });
  const last = log.query({ kind: "list", prefix: "x", after: "", limit: 2 });
  assert.ok(last.kind === "list" && !last.more && last.locks.length === 1);
});

test("a command beyond the limits does not decode", () => {
  const { command } = lockMachine.codecs;
  const base = { kind: "acquire", claim: 1, wait: true, delayMs: 0, beliefMs: 1, value: new Uint8Array(0) } as const;
  for (const wants of [
    [],
    [want("")],
    [want("b"), want("a")],
    [want("a"), want("a")],
    [want("x".repeat(257))],
    [want("a", "permits", 3, 2)],
    [want("a", "permits", 0, 2)],
    [want("a", "shared", 1, 1)],
  ]) {
    assert.throws(() => command.decode(command.encode({ ...base, wants })), TypeError);
  }
  assert.throws(() => command.decode(command.encode({ ...base, wants: [want("a")], delayMs: 60_001 })), TypeError);
  assert.throws(() => command.decode(new Uint8Array([0x81, 0x18])), TypeError);
});

test("a claim needs a session that lives", () => {
  const log = new LogOfOne();
  assert.deepEqual(log.acquire(9, 1, [want("a")]), { kind: "refused", reason: "no-session" });
  assert.deepEqual(log.acquire(0, 1, [want("a")]), { kind: "refused", reason: "no-session" });
});

test("an image holds waiting, held, revoked and lost claims, and stays as it was while steps go on", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a"), want("s", "permits", 1, 2)], { delayMs: 500 });
  log.acquire(2, 1, [want("a")]);
  log.acquire(3, 1, [want("r")]);
  log.acquire(3, 2, [want("r")]);
  log.apply(4, { kind: "force", lock: "r", token: 0, now: false, reason: "why" });
  log.endSessions(1);
  const before = imageBytes(log.machine.image());
  const frozen = log.machine.image();
  const restored = log.restored(3);
  log.apply(3, { kind: "cancel", claim: 1 });
  assert.deepEqual(imageBytes(frozen, 5), before);
  assert.deepEqual(imageBytes(restored.image()), before);
  assert.notDeepEqual(imageBytes(log.machine.image()), before);
  assert.equal(restored.dueMs!(), 500);
  log.machine = restored;
  log.advanceTo(1000);
  assert.deepEqual([log.status(2, 1), log.status(3, 2)], ["held 108", "held 108"]);
});

test("an image that is cut is refused", () => {
  const log = new LogOfOne();
  log.acquire(1, 1, [want("a")]);
  log.acquire(2, 1, [want("a")]);
  const bytes = imageBytes(log.machine.image());
  for (let length = 0; length < bytes.length; length++) {
    const restore = lockMachine.restore(log.neighbours(), 1);
    restore.push(bytes.subarray(0, length));
    assert.throws(() => restore.end(), { code: "LOG_CORRUPT" });
  }
  assert.throws(() => lockMachine.restore(log.neighbours(), 2), { code: "LOG_NEWER" });
});

test("in one log with real sessions, an expired holder's lock goes to the waiter by a clock step", () => {
  const composite = compose([lockMachine]);
  const { command, result, query, answer } = lockMachine.codecs;
  const replies: Uint8Array[] = [];
  const step = (logTimeMs: number, session: number, number: number, machine: string, bytes: Uint8Array): Uint8Array => {
    const request = { session, number };
    composite.step(encodeBatch(logTimeMs, [{ request, releasedTo: 0, machine, command: bytes }]), (_, settlement) => {
      assert.equal(settlement.error, "");
      replies.push(settlement.bytes);
    });
    return replies.at(-1)!;
  };
  const first = sessionResults.decodeOpened(step(0, 0, 1, "session", sessionCommands.encodeOpen({ ttlMs: 2000 })));
  const second = sessionResults.decodeOpened(step(0, 0, 2, "session", sessionCommands.encodeOpen({ ttlMs: 60_000 })));
  const acquire = command.encode({
    kind: "acquire",
    claim: 1,
    wants: [want("a")],
    wait: true,
    delayMs: 300,
    beliefMs: 2000,
    value: new Uint8Array(0),
  });
  const granted = result.decode(step(0, first.session, 1, "lock", acquire));
  assert.ok(granted.kind === "claim" && granted.status.state === "held");
  const queued = result.decode(step(0, second.session, 1, "lock", acquire));
  assert.ok(queued.kind === "claim" && queued.status.state === "queued");
  const statusOfSecond = (): string => {
    const told = answer.decode(
      composite.query("lock", query.encode({ kind: "claim", session: second.session, claim: 1 })),
    );
    assert.ok(told.kind === "claim");
    return told.status.state;
  };
  const expiryMs = composite.dueMs();
  composite.step(encodeBatch(expiryMs, []), () => {});
  assert.equal(statusOfSecond(), "delayed");
  assert.equal(composite.dueMs(), expiryMs + 300);
  composite.step(encodeBatch(expiryMs + 300, []), () => {});
  assert.equal(statusOfSecond(), "held");
});
