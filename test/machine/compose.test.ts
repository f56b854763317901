import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compose,
  type Composite,
  decodeCbor,
  encodeBatch,
  encodeCbor,
  fromReducer,
  type MachineDefinition,
  type MachineFault,
  QuorateError,
  SESSION_LIMITS,
  SESSION_MACHINE,
  sessionCommands,
  sessionResults,
  type SessionLimits,
  type Settlement,
  settlementError,
} from "@quorate/machine";
import { machineSuite } from "@quorate/machine/suite";
import { alarms, type AlarmShape, imageBytes, LogOfMachines, notes, repliesOf, restored } from "./log-of-machines.ts";

function logOf(limits: Partial<SessionLimits> = {}): LogOfMachines {
  return new LogOfMachines(compose([notes, alarms], { limits }));
}

function words(settlement: Settlement): string {
  return new TextDecoder().decode(settlement.bytes);
}

for (const { name, run } of machineSuite<AlarmShape>(alarms, {
  command: (random) => [`text ${Math.floor(random() * 9)}`, Math.floor(random() * 200)],
  query: (random) => `text ${Math.floor(random() * 9)}`,
})) {
  test(name, run);
}

test("a command is applied by the machine that it names, as a step with a revision of its own", () => {
  const log = logOf();
  log.nowMs = 50;
  const session = log.open(5000);
  assert.equal(session, 1);
  const first = log.note(session, 1, "a");
  const second = log.note(session, 2, "b");
  assert.deepEqual([first.error, decodeCbor(first.bytes), first.revision, first.logTimeMs], ["", 1, 2, 50]);
  assert.deepEqual([second.error, decodeCbor(second.bytes), second.revision], ["", 2, 3]);
  assert.deepEqual(log.notes().notes, [
    [1, "a"],
    [1, "b"],
  ]);
  assert.equal(log.composite.revision, 3);
});

test("a batch replies once per request, in its order", () => {
  const log = logOf();
  const session = log.open(5000);
  const requests = [3, 1, 2, 1].map((number) => [{ session, number }, 0, "notes", encodeCbor(`n${number}`)] as const);
  const told: number[] = [];
  const bytes = encodeBatch(
    0,
    requests.map(([request, releasedTo, machine, command]) => ({ request, releasedTo, machine, command })),
  );
  log.composite.step(bytes, (request, settlement) => told.push(request.number, decodeCbor(settlement.bytes) as number));
  assert.deepEqual(told, [3, 1, 1, 2, 2, 3, 1, 2]);
});

test("a copy of a request gets the first settlement, takes no revision, and does nothing", () => {
  const log = logOf();
  const session = log.open(5000);
  const first = log.note(session, 1, "a");
  log.nowMs += 100;
  const again = log.note(session, 1, "a");
  assert.deepEqual(again, first);
  assert.equal(log.composite.revision, first.revision);
  assert.equal(log.notes().notes.length, 1);
});

test("a copy that arrives when the state has moved on gets the first result, not one computed anew", () => {
  const log = logOf();
  const session = log.open(5000);
  const first = log.note(session, 1, "a");
  log.note(session, 2, "b");
  assert.deepEqual(log.note(session, 1, "a"), first);
  assert.equal(decodeCbor(first.bytes), 1);
});

test("whoever proposes a copy, the log knows: exactly-once does not lie in a leader's memory", () => {
  const old = logOf();
  const session = old.open(5000);
  const first = old.note(session, 1, "a");
  // The next leader has applied the same entries, and never saw the request come in.
  const next = new LogOfMachines(compose([notes, alarms]));
  for (const batch of old.batches) repliesOf(next.composite, batch);
  assert.deepEqual(next.note(session, 1, "a"), first);
  assert.equal(next.notes().notes.length, 1);
});

test("sessions travel in the image: a copy after a restore is still not applied again", () => {
  const log = logOf();
  const session = log.open(5000);
  const first = log.note(session, 1, "a");
  log.settle(session, 2, 3);
  log.composite = restored(log.composite);
  assert.deepEqual(log.note(session, 1, "a"), first);
  assert.equal(log.note(session, 3, "burnt").error, "BURNT");
  assert.deepEqual(log.notes().notes, [[session, "a"]]);
  log.pass(5000);
  assert.equal(log.note(session, 4, "late").error, "SESSION_ENDED");
});

test("nothing but the log decides: with another clock and another random source, the same batches give the same bytes", () => {
  const play = (): Uint8Array => {
    const log = logOf();
    const [short, long] = [log.open(500), log.open(2000)];
    for (let number = 1; number <= 5; number++) {
      log.call(short, number, "alarms", encodeCbor([`ring ${number}`, number * 100]));
      log.note(long, number, `note ${number}`, number - 1);
      log.pass(150);
    }
    return imageBytes(log.composite.image());
  };
  const expected = play();
  const [now, random] = [Date.now, Math.random];
  try {
    Date.now = () => 4e12;
    Math.random = () => 0.999;
    assert.deepEqual(play(), expected);
  } finally {
    [Date.now, Math.random] = [now, random];
  }
});

test("a released number is never applied again, and its result is gone", () => {
  const log = logOf();
  const session = log.open(5000);
  log.note(session, 1, "a");
  log.note(session, 2, "b", 1);
  const late = log.note(session, 1, "a");
  assert.deepEqual([late.error, late.revision], ["RELEASED", 0]);
  assert.equal(log.note(session, 9, "released before it was sent", 9).error, "RELEASED");
  assert.equal(log.notes().notes.length, 2);
  assert.equal(settlementError({ session, number: 1 }, late)?.outcome, "unknown");
});

test("a number below 1 is nobody's", () => {
  const log = logOf();
  const session = log.open(5000);
  assert.equal(log.note(session, 0, "a").error, "RELEASED");
  assert.equal(log.call(0, 0, SESSION_MACHINE, sessionCommands.encodeOpen({ ttlMs: 1 })).error, "BAD_COMMAND");
});

test("settle says what was applied, and burns what was not", () => {
  const log = logOf();
  const session = log.open(5000);
  const applied = log.note(session, 1, "a");
  const fault = log.note(session, 2, "boom");
  const told = [1, 2, 3, 3].map((number, index) =>
    sessionResults.decodeSettled(log.settle(session, 10 + index, number).bytes),
  );
  assert.deepEqual(told, [
    { outcome: "applied", settlement: applied },
    { outcome: "applied", settlement: fault },
    { outcome: "not-applied" },
    { outcome: "not-applied" },
  ]);
  const late = log.note(session, 3, "too late");
  assert.deepEqual([late.error, late.revision], ["BURNT", 0]);
  assert.deepEqual(log.notes().notes, [[session, "a"]]);
});

test("settle of a released number says that it is forgotten, and of a refused one that it was not applied", () => {
  const log = logOf();
  const session = log.open(5000);
  log.note(session, 1, "a");
  log.call(session, 2, "nobody", encodeCbor("a"));
  assert.deepEqual(sessionResults.decodeSettled(log.settle(session, 3, 1, 1).bytes), { outcome: "forgotten" });
  assert.deepEqual(sessionResults.decodeSettled(log.settle(session, 4, 2).bytes), { outcome: "not-applied" });
});

test("a settle has a number too: a copy of it gets the first answer, though the world has moved on", () => {
  const log = logOf();
  const session = log.open(5000);
  log.note(session, 1, "a");
  const first = log.settle(session, 2, 1);
  log.note(session, 3, "b", 1);
  assert.deepEqual(log.settle(session, 2, 1), first);
});

test("an opening asked for twice opens one session, and says the same", () => {
  const log = logOf();
  const command = sessionCommands.encodeOpen({ ttlMs: 5000 });
  const first = log.call(0, 777, SESSION_MACHINE, command);
  log.nowMs += 1000;
  assert.deepEqual(log.call(0, 777, SESSION_MACHINE, command), first);
  log.composite = restored(log.composite);
  assert.deepEqual(log.call(0, 777, SESSION_MACHINE, command), first);
  assert.equal(log.composite.revision, first.revision);
});

test("the lifetime granted lies within the limits", () => {
  const log = logOf({ ttlMsMin: 1000, ttlMsMax: 9000 });
  const granted = [1, 5000.5, 1e12].map((ttlMs, index) => {
    const { bytes } = log.call(0, 50 + index, SESSION_MACHINE, sessionCommands.encodeOpen({ ttlMs }));
    return sessionResults.decodeOpened(bytes).ttlMs;
  });
  assert.deepEqual(granted, [1000, 5000.5, 9000]);
});

test("session 0 opens sessions and does nothing else", () => {
  const log = logOf();
  for (const [machine, command] of [
    ["notes", encodeCbor("a")],
    [SESSION_MACHINE, sessionCommands.encodeRenew()],
    [SESSION_MACHINE, new Uint8Array(3)],
  ] as const) {
    const settlement = log.call(0, 5, machine, command);
    assert.deepEqual([settlement.error, settlement.revision], ["BAD_COMMAND", 0]);
  }
  assert.equal(log.composite.revision, 0);
});

test("a session lives while it renews, and expires in log time; its step comes before the commands of its batch", () => {
  const log = logOf();
  const session = log.open(1000);
  log.nowMs = 900;
  const renewed = sessionResults.decodeRenewed(log.renew(session, 1).bytes);
  assert.deepEqual(renewed, { ttlMs: 1000, expiresAtLogTimeMs: 1900 });
  assert.equal(log.composite.dueMs(), 1900);
  log.nowMs = 1899.5;
  assert.equal(log.note(session, 2, "in time").error, "");
  assert.equal(log.composite.revision, 3, "commands do not renew, and nothing was due");
  log.nowMs = 1900;
  assert.equal(log.renew(session, 3).error, "SESSION_ENDED");
  assert.equal(log.composite.revision, 4);
  assert.deepEqual(log.notes().ended, [session]);
  assert.equal(log.composite.dueMs(), Infinity);
});

test("a repeated renewal renews nothing: its time was counted from its first application", () => {
  const log = logOf();
  const session = log.open(1000);
  const first = log.renew(session, 1);
  log.nowMs = 900;
  assert.deepEqual(log.renew(session, 1), first);
  assert.equal(log.composite.dueMs(), 1000);
});

test("an ended session is never revived, and each machine is told of its end once", () => {
  const log = logOf();
  const session = log.open(1000);
  log.call(session, 1, "alarms", encodeCbor(["mine", 100]));
  const closed = log.close(session, 2);
  assert.equal(closed.error, "");
  sessionResults.decodeClosed(closed.bytes);
  assert.equal(log.composite.dueMs(), Infinity, "what the session owned went with it");
  for (const settlement of [
    log.note(session, 3, "a"),
    log.close(session, 2),
    log.renew(session, 4),
    log.settle(session, 5, 1),
  ]) {
    assert.deepEqual([settlement.error, settlement.revision], ["SESSION_ENDED", 0]);
  }
  log.pass(5000);
  assert.deepEqual(log.notes().ended, [session]);
  assert.notEqual(log.open(1000), session);
});

test("a session that never was is refused like one that ended", () => {
  const log = logOf();
  assert.equal(log.note(12_345, 1, "a").error, "SESSION_ENDED");
});

test("of sessions that end together, none lives any more when machines are told", () => {
  const lives: boolean[][] = [];
  const watcher: MachineDefinition<AlarmShape> = {
    ...alarms,
    create(neighbours) {
      const machine = alarms.create(neighbours);
      machine.sessionEnded = () => void lives.push([1, 2, 3].map((session) => neighbours.sessionLives(session)));
      return machine;
    },
  };
  const log = new LogOfMachines(compose([watcher]));
  log.open(1000);
  log.open(900);
  log.open(1001);
  log.pass(1000);
  assert.deepEqual(lives, [
    [false, false, true],
    [false, false, true],
  ]);
});

test("a clock step is one step for all that is due: sessions first, then machines; nothing due is no step", () => {
  const log = logOf();
  const [short, long] = [log.open(1000), log.open(9000)];
  log.call(short, 1, "alarms", encodeCbor(["of the dead", 1000]));
  log.call(long, 1, "alarms", encodeCbor(["of the living", 1000]));
  const before = log.composite.revision;
  log.pass(999);
  assert.equal(log.composite.revision, before);
  log.pass(1);
  assert.equal(log.composite.revision, before + 1);
  const rang = (text: string): unknown => decodeCbor(log.composite.query("alarms", encodeCbor(text)));
  assert.deepEqual([rang("of the dead"), rang("of the living")], [false, true]);
});

test("log time never goes back, whatever a batch is stamped", () => {
  const log = logOf();
  log.pass(1000);
  log.nowMs = 10;
  const session = log.open(5000);
  assert.equal(log.composite.logTimeMs, 1000);
  assert.equal(log.renew(session, 1).logTimeMs, 1000);
});

test("machines ask each other: a lock is held under its token, and by nobody where no machine keeps locks", () => {
  const asked: boolean[] = [];
  const asking = (definition: typeof notes): typeof notes => ({
    ...definition,
    create(neighbours) {
      const machine = definition.create(neighbours);
      const { apply } = machine;
      machine.apply = (command, at) => {
        asked.push(neighbours.holdsLock("door", 3), neighbours.sessionLives(at.session));
        return apply.call(machine, command, at);
      };
      return machine;
    },
  });
  const log = new LogOfMachines(compose([asking(notes), alarms]));
  const session = log.open(9000);
  log.call(session, 1, "alarms", encodeCbor(["door", 10]));
  log.note(session, 2, "not yet");
  log.nowMs = 10;
  log.note(session, 3, "now, at revision 4");
  assert.deepEqual(asked, [false, true, false, true]);
  const alone = new LogOfMachines(compose([asking(notes)]));
  alone.note(alone.open(100), 1, "a");
  assert.deepEqual(asked.slice(4), [false, true]);
});

test("a lock keeper answers as of the step that asks", () => {
  let holds: ((token: number) => boolean) | null = null;
  const asking: typeof notes = {
    ...notes,
    create(neighbours) {
      holds = (token) => neighbours.holdsLock("door", token);
      return notes.create(neighbours);
    },
  };
  const log = new LogOfMachines(compose([asking, alarms]));
  log.call(log.open(9000), 1, "alarms", encodeCbor(["door", 10]));
  log.pass(10);
  assert.deepEqual([holds!(3), holds!(2)], [true, false]);
  log.composite = restored(log.composite);
  assert.deepEqual([holds!(3), holds!(2)], [true, false], "after a restore, too");
});

test("a machine that throws, or does not understand, makes a fault that is the result for ever, in words that do not depend on the throw", () => {
  const faults: MachineFault[] = [];
  const log = new LogOfMachines(compose([notes], { onFault: (fault) => faults.push(fault) }));
  const session = log.open(5000);
  const threw = log.note(session, 1, "boom");
  const garbled = log.call(session, 2, "notes", Uint8Array.of(0xff));
  const wrong = log.call(session, 3, "notes", encodeCbor(42));
  const notSession = log.call(session, 4, SESSION_MACHINE, encodeCbor([9]));
  const openInside = log.call(session, 5, SESSION_MACHINE, sessionCommands.encodeOpen({ ttlMs: 1000 }));
  const itself = log.settle(session, 6, 6);
  assert.deepEqual(
    [threw, garbled, wrong, notSession, openInside, itself].map((settlement) => [
      settlement.error,
      settlement.revision,
      words(settlement),
    ]),
    [
      ["MACHINE_FAULT", 2, "the machine failed at the command"],
      ["MACHINE_FAULT", 3, "the machine does not understand the command"],
      ["MACHINE_FAULT", 4, "the machine does not understand the command"],
      ["MACHINE_FAULT", 5, "not a command of sessions"],
      ["MACHINE_FAULT", 6, "not a command of sessions"],
      ["MACHINE_FAULT", 7, "not a command of sessions"],
    ],
  );
  assert.deepEqual(log.note(session, 1, "boom"), threw);
  assert.deepEqual(
    faults.map(({ machine, during, revision, request }) => [machine, during, revision, request?.number]),
    [
      ["notes", "apply", 2, 1],
      ["notes", "apply", 3, 2],
      ["notes", "apply", 4, 3],
      [SESSION_MACHINE, "apply", 5, 4],
      [SESSION_MACHINE, "apply", 6, 5],
      [SESSION_MACHINE, "apply", 7, 6],
    ],
  );
  assert.ok(faults[0]!.error instanceof RangeError);
});

test("a machine that throws at time or at the end of a session stops neither the others nor the log", () => {
  const faults: string[] = [];
  const broken: MachineDefinition<AlarmShape> = {
    ...alarms,
    name: "broken",
    create(neighbours) {
      const machine = alarms.create(neighbours);
      machine.advance = () => {
        throw new Error("at time");
      };
      machine.sessionEnded = () => {
        throw new Error("at the end");
      };
      return machine;
    },
  };
  delete (broken as { lockKeeper?: unknown }).lockKeeper;
  const log = new LogOfMachines(
    compose([broken, notes, alarms], { onFault: ({ machine, during }) => faults.push(`${machine} ${during}`) }),
  );
  const [owner, other] = [log.open(9000), log.open(1000)];
  log.call(owner, 1, "broken", encodeCbor(["a", 1000]));
  log.call(owner, 2, "alarms", encodeCbor(["b", 1000]));
  log.pass(1000);
  assert.deepEqual(faults, ["broken sessionEnded", "broken advance"]);
  assert.deepEqual(log.notes().ended, [other]);
  assert.equal(decodeCbor(log.composite.query("alarms", encodeCbor("b"))), true);
});

test("a command for a machine that is not there burns its number, and is no step", () => {
  const log = logOf();
  const session = log.open(5000);
  const refused = log.call(session, 1, "nobody", encodeCbor("a"));
  assert.deepEqual([refused.error, refused.revision, log.composite.revision], ["UNKNOWN_MACHINE", 0, 1]);
  assert.equal(log.note(session, 1, "a").error, "UNKNOWN_MACHINE");
  assert.equal(settlementError({ session, number: 1 }, refused)?.outcome, "not-applied");
});

test("too many unreleased results: refused before it is applied, and the number is burnt", () => {
  const log = logOf({ resultsMax: 3 });
  const session = log.open(5000);
  for (const number of [1, 2, 3]) assert.equal(log.note(session, number, `n${number}`).error, "");
  const refused = log.note(session, 4, "n4");
  assert.deepEqual([refused.error, refused.revision, log.notes().notes.length], ["OVERLOADED", 0, 3]);
  assert.equal(log.renew(session, 5).error, "", "a session can still renew");
  assert.deepEqual(sessionResults.decodeSettled(log.settle(session, 6, 4).bytes), { outcome: "not-applied" });
  assert.equal(log.note(session, 7, "after a release", 6).error, "");
  assert.equal(log.note(session, 4, "n4").error, "RELEASED");
  assert.equal(log.notes().notes.length, 4);
});

test("too many bytes of unreleased results are refused alike", () => {
  const echo = fromReducer<null, string, string>({
    name: "echo",
    version: 1,
    initial: null,
    apply: (state, text) => [state, text],
  });
  const log = new LogOfMachines(compose([echo], { limits: { resultBytesMax: 1000 } }));
  const session = log.open(5000);
  const long = encodeCbor("a".repeat(2000));
  assert.equal(log.call(session, 1, "echo", long).error, "", "one result may go beyond");
  assert.equal(log.call(session, 2, "echo", long).error, "OVERLOADED");
  assert.equal(log.call(session, 3, "echo", long, 2).error, "");
});

test("a session that never releases ends, so that its memory does", () => {
  const log = logOf({ resultsMax: 2, settlementsMax: 4 });
  const session = log.open(5000);
  for (const number of [1, 2, 3, 4]) log.note(session, number, `n${number}`);
  const last = log.renew(session, 5);
  assert.deepEqual(
    [last.error, words(last)],
    ["SESSION_ENDED", "the session ended because it left too many results unreleased"],
  );
  assert.deepEqual(log.notes().ended, [session]);
  assert.equal(settlementError({ session, number: 5 }, last)?.outcome, "unknown");
});

test("more sessions than allowed are refused, and one that ends makes room", () => {
  const log = logOf({ sessionsMax: 2 });
  const first = log.open(5000);
  log.open(5000);
  const refused = log.call(0, 99, SESSION_MACHINE, sessionCommands.encodeOpen({ ttlMs: 5000 }));
  assert.equal(refused.error, "OVERLOADED");
  assert.equal(settlementError({ session: 0, number: 99 }, refused)?.outcome, "unknown");
  log.close(first, 1);
  assert.ok(log.open(5000) > first);
});

test("queries and watches speak of machines that are there, in words they understand", () => {
  const { composite } = logOf();
  const code = (expected: string) => (error: unknown) => error instanceof QuorateError && error.code === expected;
  assert.throws(() => composite.query("nobody", encodeCbor(null)), code("UNKNOWN_MACHINE"));
  assert.throws(() => composite.query("notes", encodeCbor(1)), code("BAD_COMMAND"));
  assert.throws(() => composite.watch("alarms", encodeCbor(null), () => {}), code("BAD_COMMAND"));
  assert.throws(() => composite.watch("notes", Uint8Array.of(0xff), () => {}), code("BAD_COMMAND"));
  assert.throws(() => composite.watch(SESSION_MACHINE, encodeCbor(null), () => {}), code("UNKNOWN_MACHINE"));
});

test("a refusal that a machine words itself reaches the asker as it is", () => {
  const refusing: typeof notes = {
    ...notes,
    create(neighbours) {
      const machine = notes.create(neighbours);
      machine.query = () => {
        throw new QuorateError("COMPACTED", "not-applied", "gone");
      };
      return machine;
    },
  };
  assert.throws(
    () => compose([refusing]).query("notes", encodeCbor(null)),
    (error) => error instanceof QuorateError && error.code === "COMPACTED",
  );
});

test("replicas that apply the same have the same digest; one result that differs, and it differs for good", () => {
  const honest = logOf();
  const session = honest.open(5000);
  honest.note(session, 1, "a");
  honest.note(session, 2, "b");
  const lie = (machine: ReturnType<typeof notes.create>): typeof machine => {
    const { apply } = machine;
    machine.apply = (command, at) => apply.call(machine, command, at) + (at.revision === 2 ? 1 : 0);
    return machine;
  };
  const lying: typeof notes = { ...notes, create: (neighbours) => lie(notes.create(neighbours)) };
  const digests = (composite: Composite): number[] =>
    honest.batches.map((batch) => {
      repliesOf(composite, batch);
      return composite.digest;
    });
  const right = digests(compose([notes, alarms]));
  const wrong = digests(compose([lying, alarms]));
  assert.equal(right.at(-1), honest.composite.digest);
  assert.equal(right[0], wrong[0]);
  assert.notEqual(right[1], wrong[1]);
  assert.notEqual(right[2], wrong[2]);
});

test("bytes that are no batch change nothing", () => {
  const log = logOf();
  log.note(log.open(5000), 1, "a");
  const before = imageBytes(log.composite.image());
  const damaged = encodeBatch(9999, []);
  damaged[3]! ^= 1;
  assert.throws(
    () => log.composite.step(damaged, () => {}),
    (error) => error instanceof QuorateError && error.code === "LOG_CORRUPT",
  );
  assert.deepEqual(imageBytes(log.composite.image()), before);
});

test("machines that cannot be composed are refused in words", () => {
  const named = (name: string, version = 1): typeof notes => ({ ...notes, name, version });
  const refused: readonly (readonly [readonly MachineDefinition<never>[], RegExp])[] = [
    [[named(SESSION_MACHINE)], /"session" is reserved/],
    [[named("")], /must have 1 to 64 characters/],
    [[named("m".repeat(65))], /must have 1 to 64 characters/],
    [[named("a"), named("a")], /two machines are named "a"/],
    [[named("a", 0)], /version 0 of "a"/],
    [[alarms, { ...alarms, name: "b" }], /two machines keep locks/],
  ].map(([definitions, message]) => [definitions, message] as never);
  for (const [definitions, message] of refused) {
    assert.throws(
      () => compose(definitions as never),
      (error) => error instanceof QuorateError && error.code === "BAD_OPTION" && message.test(error.message),
    );
  }
  assert.doesNotThrow(() => compose([], { limits: SESSION_LIMITS }));
});
