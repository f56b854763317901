import assert from "node:assert/strict";
import { test } from "node:test";
import { type Caller, decodeCbor, encodeCbor, fromReducer, QuorateError } from "@quorate/machine";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ClientProgram,
  type ClientTools,
  type FaultKind,
  readRepro,
  replayRepro,
  simulate,
  type SimulateOptions,
  writeFailure,
} from "@quorate/sim";

/** A counter: each command adds, each query tells the sum. `plus` may be a mistake of its user. */
const counter = (plus: (sum: number, by: number) => number) =>
  fromReducer<number, number, number>({
    name: "counter",
    version: 1,
    initial: 0,
    apply: (sum, by) => [plus(sum, by), plus(sum, by)],
  });

const read = async (caller: Caller): Promise<number> =>
  decodeCbor((await caller.read("counter", encodeCbor(null))).bytes) as number;

async function simulated(
  plus: (sum: number, by: number) => number,
  add: (caller: Caller) => Promise<void>,
  changes: Partial<Pick<SimulateOptions<never>, "faults" | "seed" | "seeds" | "replay">> = {},
): ReturnType<typeof simulate> {
  let sure = 0;
  let perhaps = 0;
  const client: ClientProgram = async (caller, { sleep, random, isLoaded }) => {
    for (let count = 1; isLoaded(); count++) {
      await sleep(300 * random(count));
      // A client may die in a call.
      perhaps += 1;
      try {
        await add(caller);
        perhaps -= 1;
        sure += 1;
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        if (error.outcome !== "unknown") perhaps -= 1;
      }
    }
  };
  return simulate({
    machine: counter(plus),
    clients: [client, client],
    invariants: [
      async (caller) => {
        const sum = await read(caller);
        const [from, to] = [sure, sure + perhaps];
        return sum >= from && sum <= to ? null : `the sum is ${sum}, it must be from ${from} to ${to}`;
      },
    ],
    begin: () => {
      [sure, perhaps] = [0, 0];
    },
    seconds: 4,
    nodes: 3,
    seeds: 6,
    ...changes,
  });
}

test("a machine without a mistake holds under faults", async () => {
  const { failure, runs } = await simulated(
    (sum, by) => sum + by,
    async (caller) => void (await caller.call("counter", encodeCbor(1))),
    { faults: ["kill", "isolate", "power-loss"] },
  );
  assert.equal(failure, null, failure?.witness);
  assert.equal(runs, 6);
});

test("a machine that differs between replicas is found without any invariant of its user", async () => {
  let calls = 0;
  const { failure } = await simulated(
    (sum, by) => sum + by + (++calls % 7 === 0 ? 1 : 0),
    async (caller) => void (await caller.call("counter", encodeCbor(1))),
    { faults: [] },
  );
  assert.equal(failure?.invariant, "D5");
  assert.deepEqual(failure.schedule, []);
});

test("clients that read, add and write back lose an update; what is saved of it replays with the machine that it was found in, and the command refuses it", async () => {
  const addBack = async (caller: Caller): Promise<void> => {
    const sum = await read(caller);
    await caller.call("counter", encodeCbor(sum + 1));
  };
  const { failure } = await simulated((_sum, by) => by, addBack, { faults: [], seeds: 10 });
  assert.equal(failure?.invariant, "U1");
  assert.match(failure.witness, /the sum is \d+, it must be from/u);
  const folder = mkdtempSync(join(tmpdir(), "quorate-sim-"));
  try {
    const [file, , page] = writeFailure(folder, failure);
    assert.ok(readFileSync(page!, "utf8").includes("simulate({ …, replay: readRepro("), "the page says how");
    const replay = readRepro(file!);
    const again = await simulated((_sum, by) => by, addBack, { replay });
    assert.deepEqual([again.runs, again.isSame, again.failure?.witness], [1, true, failure.witness]);
    const cured = await simulated((sum, by) => sum + (by > sum ? 1 : by - by + 1), addBack, { replay });
    assert.deepEqual([cured.isSame, cured.failure], [false, null]);
    await assert.rejects(replayRepro(replay), {
      code: "OTHER_MACHINE",
      message: /run of "counter", and here is "kv" and "lock".*simulate\(\{ …, replay: readRepro/u,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a client that dies in a call is no mistake of a machine that counts it as done perhaps", async () => {
  const { failure } = await simulated(
    (sum, by) => sum + by,
    async (caller) => void (await caller.call("counter", encodeCbor(1))),
    { faults: ["client-death"], seed: 51, seeds: 2 },
  );
  assert.equal(failure, null, failure?.witness);
});

/** Two clients that add and, each time, first do something else. */
async function simulatedBeside(beside: (tools: ClientTools) => unknown, faults: readonly FaultKind[]) {
  const client: ClientProgram = async (caller, tools) => {
    for (let count = 1; tools.isLoaded(); count++) {
      await tools.sleep(200 * tools.random(count));
      await beside(tools);
      await caller.call("counter", encodeCbor(1));
    }
  };
  const machine = counter((sum, by) => sum + by);
  return simulate({ machine, clients: [client, client], faults, seconds: 3, nodes: 3, seeds: 3 });
}

test("the story names the clients of the user, by number among those that run", async () => {
  const { failure } = await simulatedBeside(
    ({ number, violated }) => number > 2 && violated("a client died"),
    ["client-death"],
  );
  assert.equal(failure?.witness, "a client died");
  assert.equal(failure.story.length, 1);
  assert.match(failure.story[0]!, /: client [12] dies, and another takes its place$/u);
});

test("a client that depends on something outside the run is found by the first run that is taken twice, with what differs first", async () => {
  let outside = 0;
  const { failure, runs } = await simulatedBeside((tools) => tools.sleep(++outside), []);
  assert.equal(runs, 1);
  assert.equal(failure?.invariant, "L1");
  assert.match(failure.witness, /the run of seed 1 was taken twice, and went two ways: first .+; then .+/u);
});

test("a machine of yours may be named like one of this project: it is not taken for that", async () => {
  const machine = fromReducer<number, number, number>({
    name: "lock",
    version: 1,
    initial: 0,
    apply: (sum, by) => [sum + by, sum + by],
  });
  const client: ClientProgram = async (caller, { sleep, isLoaded }) => {
    while (isLoaded()) {
      await sleep(200);
      await caller.call("lock", encodeCbor(1));
    }
  };
  const { failure } = await simulate({ machine, clients: [client], faults: [], seconds: 2, nodes: 3, seeds: 1 });
  assert.equal(failure, null);
});
