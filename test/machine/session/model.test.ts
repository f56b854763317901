import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compose,
  decodeCbor,
  encodeCbor,
  SESSION_MACHINE,
  sessionCommands,
  sessionResults,
  type Settlement,
} from "@quorate/machine";
import fc from "fast-check";
import { imageBytes, LogOfMachines, notes, restored } from "../log-of-machines.ts";

const TTL_MS = 1000;
const RESULTS_MAX = 6;
const SETTLEMENTS_MAX = 10;

/** Everything a client may do to its sessions, with small numbers, so that they meet. */
type Operation =
  | { readonly kind: "open"; readonly nonce: number }
  | {
      readonly kind: "note" | "renew" | "close";
      readonly session: number;
      readonly number: number;
      readonly releasedTo: number;
    }
  | {
      readonly kind: "settle";
      readonly session: number;
      readonly number: number;
      readonly releasedTo: number;
      readonly settled: number;
    }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "restore"; readonly bytesMax: number };

const session = fc.integer({ min: 0, max: 2 });
/** Each kind of request has its own numbers, as a client gives a number to one request only; copies of a request are what is left. */
const notesNumber = fc.integer({ min: 1, max: 10 });
const settleNumber = fc.integer({ min: 6, max: 9 }).map((number) => number * 2);
const renewNumber = fc.constantFrom(11, 13);
const closeNumber = fc.constant(15);
const releasedTo = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 10 }) },
);
const plain = { noNullPrototype: true };
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("open" as const), nonce: fc.integer({ min: 1, max: 4 }) }, plain),
  },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant("note" as const), session, number: notesNumber, releasedTo }, plain),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("renew" as const), session, number: renewNumber, releasedTo }, plain),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("close" as const), session, number: closeNumber, releasedTo }, plain),
  },
  {
    weight: 4,
    arbitrary: fc.record(
      {
        kind: fc.constant("settle" as const),
        session,
        number: settleNumber,
        releasedTo,
        settled: fc.integer({ min: 1, max: 18 }),
      },
      plain,
    ),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 600 }) }, plain),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("restore" as const), bytesMax: fc.integer({ min: 1, max: 500 }) }, plain),
  },
);

interface ModelSession {
  readonly nonce: number;
  expiresMs: number;
  releasedTo: number;
  readonly settled: Map<number, string>;
}

/**
 * What must happen, said in the plainest way: maps, scans, and answers as texts. It also keeps the ghost log, of what took effect.
 */
class Model {
  readonly sessions = new Map<number, ModelSession>();
  readonly ghost: (readonly [session: number, text: string])[] = [];
  readonly ended: number[] = [];
  nowMs = 0;
  revision = 0;

  pass(): void {
    const due = [...this.sessions].filter(([, { expiresMs }]) => expiresMs <= this.nowMs).map(([id]) => id);
    if (due.length === 0) return;
    this.revision++;
    for (const id of due) this.end(id);
  }

  open(nonce: number): string {
    for (const [id, open] of this.sessions) if (open.nonce === nonce) return `opened ${id}`;
    this.revision++;
    this.sessions.set(this.revision, { nonce, expiresMs: this.nowMs + TTL_MS, releasedTo: 0, settled: new Map() });
    return `opened ${this.revision}`;
  }

  request(id: number, operation: Exclude<Operation, { kind: "open" | "pass" | "restore" }>): string {
    const open = this.sessions.get(id);
    if (open === undefined) return "SESSION_ENDED";
    open.releasedTo = Math.max(open.releasedTo, operation.releasedTo);
    for (const settled of open.settled.keys()) if (settled <= open.releasedTo) open.settled.delete(settled);
    const first = open.settled.get(operation.number);
    if (first !== undefined) return first;
    if (operation.number <= open.releasedTo) return "RELEASED";
    if (open.settled.size >= SETTLEMENTS_MAX) {
      this.revision++;
      this.end(id);
      return "SESSION_ENDED";
    }
    const answer = this.apply(id, open, operation);
    if (this.sessions.has(id)) open.settled.set(operation.number, answer);
    return answer;
  }

  private apply(
    id: number,
    open: ModelSession,
    operation: Exclude<Operation, { kind: "open" | "pass" | "restore" }>,
  ): string {
    switch (operation.kind) {
      case "note":
        if (open.settled.size >= RESULTS_MAX) return "OVERLOADED";
        this.revision++;
        this.ghost.push([id, `${operation.number}`]);
        return `noted ${this.ghost.length} at ${this.revision}`;
      case "renew":
        this.revision++;
        open.expiresMs = this.nowMs + TTL_MS;
        return `renewed to ${open.expiresMs} at ${this.revision}`;
      case "close":
        this.revision++;
        this.end(id);
        return `closed at ${this.revision}`;
      case "settle": {
        this.revision++;
        if (operation.settled === operation.number) return `MACHINE_FAULT at ${this.revision}`;
        return `settled ${this.settle(open, operation.settled)} at ${this.revision}`;
      }
    }
  }

  private settle(open: ModelSession, settled: number): string {
    if (settled <= open.releasedTo) return "forgotten";
    const first = open.settled.get(settled);
    if (first === undefined) open.settled.set(settled, "BURNT");
    if (first === undefined || first === "BURNT" || first === "OVERLOADED") return "not-applied";
    return `applied at ${first.slice(first.lastIndexOf(" ") + 1)}`;
  }

  private end(id: number): void {
    this.sessions.delete(id);
    this.ended.push(id);
  }
}

/** The answer of the real one, in the words of the model. */
function answerOf(operation: Operation, { error, bytes, revision }: Settlement): string {
  if (error === "MACHINE_FAULT") return `MACHINE_FAULT at ${revision}`;
  if (error !== "") return error;
  switch (operation.kind) {
    case "open":
      return `opened ${sessionResults.decodeOpened(bytes).session}`;
    case "note":
      return `noted ${String(decodeCbor(bytes))} at ${revision}`;
    case "renew":
      return `renewed to ${sessionResults.decodeRenewed(bytes).expiresAtLogTimeMs} at ${revision}`;
    case "close":
      sessionResults.decodeClosed(bytes);
      return `closed at ${revision}`;
    case "settle": {
      const result = sessionResults.decodeSettled(bytes);
      const what = result.outcome === "applied" ? `applied at ${result.settlement.revision}` : result.outcome;
      return `settled ${what} at ${revision}`;
    }
    default:
      throw new Error(`no answer belongs to ${operation.kind}`);
  }
}

function commandOf(operation: Operation): readonly [machine: string, command: Uint8Array] {
  switch (operation.kind) {
    case "note":
      return ["notes", encodeCbor(`${operation.number}`)];
    case "renew":
      return [SESSION_MACHINE, sessionCommands.encodeRenew()];
    case "close":
      return [SESSION_MACHINE, sessionCommands.encodeClose()];
    case "settle":
      return [SESSION_MACHINE, sessionCommands.encodeSettle(operation.settled)];
    default:
      throw new Error(`${operation.kind} is no request of a session`);
  }
}

/** Runs both side by side, and counts what happened, so that no run is vacuous. */
function compareRun(operations: readonly Operation[], seen: Set<string>): void {
  const log = new LogOfMachines(
    compose([notes], { limits: { resultsMax: RESULTS_MAX, settlementsMax: SETTLEMENTS_MAX, ttlMsMin: 1 } }),
  );
  const model = new Model();
  const opened: number[] = [];
  for (const each of operations) {
    if (each.kind === "pass") {
      log.pass(each.ms);
      model.nowMs += each.ms;
      model.pass();
    } else if (each.kind === "restore") {
      const before = imageBytes(log.composite.image());
      log.composite = restored(log.composite, before, each.bytesMax);
      assert.deepEqual(imageBytes(log.composite.image()), before);
    } else if (each.kind === "open") {
      const answer = answerOf(
        each,
        log.call(0, each.nonce, SESSION_MACHINE, sessionCommands.encodeOpen({ ttlMs: TTL_MS })),
      );
      assert.equal(answer, model.open(each.nonce));
      const id = Number(answer.split(" ")[1]);
      if (!opened.includes(id)) opened.push(id);
    } else {
      // Of the latest sessions, the ended ones included.
      const id = opened.at(-1 - each.session) ?? 999;
      const [machine, command] = commandOf(each);
      const answer = answerOf(each, log.call(id, each.number, machine, command, each.releasedTo));
      assert.equal(answer, model.request(id, each));
      seen.add(answer.replaceAll(/ \d+/g, ""));
    }
    assert.equal(log.composite.revision, model.revision);
  }
  assert.deepEqual(log.notes(), { notes: model.ghost, ended: model.ended });
  const effects = model.ghost.map(([id, text]) => `${id} ${text}`);
  assert.equal(new Set(effects).size, effects.length, "no request took effect twice");
}

test("sessions do what the model says: exactly once, settled once, released, expired, limited, and restored in the middle", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 120, size: "max" }), (operations) => {
      compareRun(operations, seen);
    }),
    { seed: 20, numRuns: 300 },
  );
  const expected = [
    "BURNT",
    "MACHINE_FAULT at",
    "OVERLOADED",
    "RELEASED",
    "SESSION_ENDED",
    "closed at",
    "noted at",
    "renewed to at",
    "settled applied at at",
    "settled forgotten at",
    "settled not-applied at",
  ];
  assert.deepEqual([...seen].sort(), expected, "every kind of answer was met");
});
