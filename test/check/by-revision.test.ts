import assert from "node:assert/strict";
import { test } from "node:test";
import {
  check,
  checkByRevision,
  CheckError,
  type History,
  kv,
  type Operation,
  type RevisionedOperation,
} from "@quorate/check";
import fc from "fast-check";
import { arbitraryLie, arbitraryRun, lieAbout } from "./by-revision/arbitrary-run.ts";
import { someGuessFits } from "./by-revision/every-guess.ts";

const blank: RevisionedOperation = {
  process: 0,
  kind: "read",
  key: "k",
  invokedAt: 0,
  returnedAt: 0,
  revision: 0,
  value: null,
  sees: "nothing",
  seenValue: null,
  seenModRevision: 0,
};

function put(value: string | null, revision: number, invokedAt: number, returnedAt: number): RevisionedOperation {
  return { ...blank, kind: "write", value, revision, invokedAt, returnedAt };
}

function get(
  seenValue: string | null,
  seenModRevision: number,
  revision: number,
  invokedAt: number,
  returnedAt: number,
): RevisionedOperation {
  return { ...blank, process: 1, sees: "entry", seenValue, seenModRevision, revision, invokedAt, returnedAt };
}

function cas(
  version: number,
  value: string,
  revision: number,
  invokedAt: number,
  returnedAt: number,
): RevisionedOperation {
  return { ...put(value, revision, invokedAt, returnedAt), sees: "version", seenModRevision: version };
}

function assertVerdict(verdict: string, operations: readonly RevisionedOperation[], why: RegExp = /^$/): void {
  const result = checkByRevision(operations);
  assert.equal(result.verdict, verdict, result.witness);
  assert.match(result.witness, why);
}

test("what the latest write left, and before any write nothing, may be read", () => {
  assertVerdict("linearizable", []);
  assertVerdict("linearizable", [
    get(null, 0, 0, 1, 2),
    put("a", 3, 3, 4),
    get("a", 3, 9, 5, 6),
    put(null, 10, 7, 8),
    get(null, 0, 10, 9, 10),
  ]);
});

test("a read of what was overwritten is not linearizable", () => {
  const operations = [put("a", 1, 1, 2), put("b", 2, 3, 4), get("a", 1, 2, 5, 6)];
  assertVerdict(
    "not-linearizable",
    operations,
    /at revision 2 the key "k" holds "b" of revision 2, which is not what was seen/,
  );
  assert.deepEqual(checkByRevision(operations).involved, [operations[1], operations[2]]);
});

test("a read at an old revision is right only for who called before newer replies", () => {
  assertVerdict("linearizable", [put("a", 1, 1, 2), put("b", 2, 3, 4), get("a", 1, 1, 3.5, 6)]);
  assertVerdict(
    "not-linearizable",
    [put("a", 1, 1, 2), put("b", 2, 3, 4), get("a", 1, 1, 5, 6)],
    /after a reply of revision 2 was applied at revision 1/,
  );
});

test("real time counts across keys", () => {
  const other = { ...get(null, 0, 1, 5, 6), key: "other" };
  assertVerdict("not-linearizable", [put("a", 1, 1, 2), put("b", 2, 3, 4), other], /reply of revision 2/);
});

test("a write that was called after a reply of its own revision or a higher one is not linearizable", () => {
  assertVerdict("not-linearizable", [get(null, 0, 1, 1, 2), put("a", 1, 3, 4)], /it must come after that/);
});

test("a read of the future is not linearizable", () => {
  assertVerdict(
    "not-linearizable",
    [put("a", 5, 1, 9), get("a", 5, 4, 2, 3)],
    /saw revision 5, which was not there yet/,
  );
});

test("two writes at one revision are not linearizable", () => {
  assertVerdict(
    "not-linearizable",
    [put("a", 1, 1, 2), { ...put("b", 1, 1, 2), key: "other" }],
    /two writes were applied at revision 1/,
  );
});

test("a value that nobody wrote, or that was written elsewhere, is not linearizable", () => {
  assertVerdict(
    "not-linearizable",
    [put("a", 1, 1, 2), get("b", 1, 1, 3, 4)],
    /is not what is?|is not what was written there/,
  );
  assertVerdict("not-linearizable", [get("b", 1, 1, 3, 4)], /nobody can have written what was seen of revision 1/);
  assertVerdict("not-linearizable", [{ ...put("a", 1, 1, 2), key: "other" }, get("a", 1, 1, 3, 4)], /is another key/);
  assertVerdict(
    "not-linearizable",
    [put(null, 1, 1, 2), get("a", 1, 1, 3, 4)],
    /deleted at revision 1 was seen as present/,
  );
  assertVerdict("not-linearizable", [get("a", 0, 1, 3, 4)], /has a value exactly if/);
  const pair = [put("a", 0, 1, Infinity), put("b", 0, 1, Infinity), get("a", 2, 2, 3, 4), get("b", 2, 3, 3, 4)];
  assertVerdict("not-linearizable", pair, /two values were seen of revision 2/);
});

test("an acknowledged write that later reads miss is not linearizable", () => {
  assertVerdict("not-linearizable", [put("a", 1, 1, 2), get(null, 0, 1, 3, 4)], /which is not what was seen/);
});

test("a write of unknown outcome may be seen or not, but only once and only after its call", () => {
  const lost = put("x", 0, 5, Infinity);
  assertVerdict("linearizable", [put("a", 1, 1, 2), lost, get("x", 4, 4, 6, 7)]);
  assertVerdict("linearizable", [put("a", 1, 1, 2), lost, get("a", 1, 4, 6, 7)]);
  assertVerdict(
    "not-linearizable",
    [lost, get("x", 4, 4, 6, 7), get("x", 6, 6, 8, 9)],
    /nobody can have written .* revision 6/,
  );
  assertVerdict(
    "not-linearizable",
    [lost, get("x", 4, 4, 2, 3)],
    /nobody can have written what was seen of revision 4/,
  );
  assertVerdict(
    "not-linearizable",
    [put("a", 1, 1, 2), lost, get("x", 4, 4, 6, 7), get("a", 1, 5, 8, 9)],
    /holds "x" of revision 4/,
  );
});

test("a delete of unknown outcome explains a key that went away, if there is a revision left for it", () => {
  const lost = put(null, 0, 3, Infinity);
  assertVerdict("linearizable", [put("a", 1, 1, 2), lost, get(null, 0, 2, 4, 5)]);
  assertVerdict("not-linearizable", [put("a", 1, 1, 2), lost, get(null, 0, 1, 4, 5)], /holds "a" of revision 1/);
  const between = { ...put("b", 2, 3, 4), key: "other" };
  assertVerdict(
    "not-linearizable",
    [put("a", 1, 1, 2), lost, between, get(null, 0, 2, 5, 6)],
    /holds "a" of revision 1/,
  );
});

test("a delete of unknown outcome explains one disappearance, not two", () => {
  const run = [
    put("a", 1, 1, 2),
    put(null, 0, 3, Infinity),
    get(null, 0, 3, 4, 5),
    put("b", 4, 6, 7),
    get(null, 0, 9, 8, 9),
  ];
  assertVerdict("linearizable", run.slice(0, 4));
  assertVerdict("not-linearizable", run, /holds "b" of revision 4/);
  assertVerdict("linearizable", [...run, put(null, 0, 3, Infinity)]);
});

test("a compare-and-set stands right after the version that it compared", () => {
  assertVerdict("linearizable", [put("a", 1, 1, 2), cas(1, "b", 2, 3, 4), get("b", 2, 2, 5, 6)]);
  assertVerdict(
    "not-linearizable",
    [put("a", 1, 1, 2), put("c", 2, 3, 4), cas(1, "b", 3, 3, 6)],
    /holds "c" of revision 2/,
  );
  const refused: RevisionedOperation = { ...get(null, 1, 2, 3, 4), sees: "not-version" };
  assertVerdict("not-linearizable", [put("a", 1, 1, 2), refused], /holds "a" of revision 1/);
  assertVerdict("linearizable", [put("a", 1, 1, 2), put("c", 0, 2, Infinity), refused]);
});

test("where several guesses are open and the one tried does not fit, the verdict is unknown", () => {
  const lost = [
    { ...put("x", 0, 1, Infinity), sees: "value" as const, seenValue: "p" },
    { ...put("x", 0, 1, Infinity), sees: "value" as const, seenValue: "q" },
    put("p", 0, 1, Infinity),
  ];
  const result = checkByRevision([...lost, get("x", 5, 5, 2, 3)]);
  assert.notEqual(result.verdict, "not-linearizable");
  assertVerdict(
    "unknown",
    [...lost.toSpliced(2, 1), put("r", 0, 1, Infinity), get("x", 5, 5, 2, 3)],
    /^Unknown: a guess/,
  );
});

test("the revision of a write that had to be assumed is a guess, which proves nothing", () => {
  const reader: RevisionedOperation = {
    ...blank,
    sees: "value",
    seenValue: "x",
    revision: 2,
    invokedAt: 3,
    returnedAt: 4,
  };
  const swap = cas(2, "y", 0, 5, Infinity);
  assert.notEqual(
    checkByRevision([put("x", 0, 1, Infinity), reader, swap, get("y", 3, 4, 6, 7)]).verdict,
    "not-linearizable",
  );
});

test("an operation that contradicts itself is refused", () => {
  const refused = (operation: RevisionedOperation, message: RegExp): void =>
    assert.throws(
      () => checkByRevision([operation]),
      (error) => error instanceof CheckError && error.code === "BAD_HISTORY" && message.test(error.message),
    );
  refused(put("a", 0, 1, 2), /operation 0 \(write of "k" by process 0\) returned without a revision/);
  refused(put("a", 1.5, 1, 2), /has revision 1.5/);
  refused(put("a", 1, 2, 1), /returns at 1; expected a moment at or after its call at 2/);
  refused(get("a", -1, 1, 1, 2), /saw modification revision -1/);
});

test("a run of a right store is never judged wrong", () => {
  let proven = 0;
  fc.assert(
    fc.property(arbitraryRun(40), (run) => {
      const { verdict, witness } = checkByRevision(run);
      assert.notEqual(verdict, "not-linearizable", witness);
      if (verdict === "linearizable") proven++;
    }),
    { seed: 20_260_110, numRuns: 2_000 },
  );
  assert.ok(proven > 1_000, `only ${proven} of 2000 runs were proven right`);
});

test("runs, right ones and ones with lies, are judged as trying every guess judges them", () => {
  const seen = { linearizable: 0, "not-linearizable": 0, unknown: 0 };
  const lies = fc.array(arbitraryLie, { maxLength: 2 });
  fc.assert(
    fc.property(arbitraryRun(8), lies, (truth, told) => {
      const run = told.reduce((before, lie) => lieAbout(before, lie), truth);
      fc.pre(run.filter((each) => each.kind === "write" && each.revision === 0).length <= 4);
      const { verdict, witness } = checkByRevision(run);
      seen[verdict]++;
      if (verdict !== "unknown") assert.equal(verdict === "linearizable", someGuessFits(run), witness);
    }),
    { seed: 20_260_111, numRuns: 4_000 },
  );
  assert.ok(seen.linearizable > 500 && seen["not-linearizable"] > 200, JSON.stringify(seen));
  assert.ok(seen.unknown < 50, JSON.stringify(seen));
});

test("what is linearizable by its revisions is so to the search, and what the search refuses is refused by revision", () => {
  const seen = { linearizable: 0, "not-linearizable": 0, unknown: 0 };
  const lies = fc.array(arbitraryLie, { maxLength: 1 });
  fc.assert(
    fc.property(arbitraryRun(12), lies, (truth, told) => {
      const run = told.reduce((before, lie) => lieAbout(before, lie), truth).filter(isPutOrGet);
      const searched = check(asHistory(run), kv()).verdict;
      seen[searched]++;
      const { verdict } = checkByRevision(run);
      if (verdict === "linearizable") assert.equal(searched, "linearizable");
      if (searched === "not-linearizable") assert.notEqual(verdict, "linearizable");
    }),
    { seed: 20_260_112, numRuns: 2_000 },
  );
  assert.ok(seen.linearizable > 200 && seen["not-linearizable"] > 50, JSON.stringify(seen));
});

/** Blind writes, and reads that tell a value: what the model of a key can say without revisions. */
function isPutOrGet(operation: RevisionedOperation): boolean {
  return operation.kind === "write" ? operation.sees === "nothing" : operation.sees === "entry";
}

function asHistory(run: readonly RevisionedOperation[]): History {
  const operations = run.map((each): Operation => {
    const unknown = each.returnedAt === Infinity;
    return {
      process: each.process,
      f: each.kind === "read" ? "get" : "put",
      key: each.key,
      argument: each.value,
      result: unknown ? null : each.seenValue,
      outcome: unknown ? "unknown" : "ok",
      invokedAt: each.invokedAt,
      returnedAt: each.returnedAt,
      invokedLine: 0,
      returnedLine: 0,
    };
  });
  return { operations, events: operations.length * 2 };
}
