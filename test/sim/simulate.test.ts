import assert from "node:assert/strict";
import { test } from "node:test";
import { type Caller, decodeCbor, encodeCbor, fromReducer, QuorateError } from "@quorate/machine";
import { type ClientProgram, simulate, type SimulateOptions } from "@quorate/sim";

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
  changes: Partial<Pick<SimulateOptions<never>, "faults" | "seeds">> = {},
): ReturnType<typeof simulate> {
  // Counted anew in each run: the invariant comes last.
  let sure = 0;
  let perhaps = 0;
  const client: ClientProgram = async (caller, { sleep, random, isLoaded }) => {
    for (let count = 1; isLoaded(); count++) {
      await sleep(300 * random(count));
      try {
        await add(caller);
        sure += 1;
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        if (error.outcome === "unknown") perhaps += 1;
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
        [sure, perhaps] = [0, 0];
        return sum >= from && sum <= to ? null : `the sum is ${sum}, it must be from ${from} to ${to}`;
      },
    ],
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

test("clients that read, add and write back lose an update, and the user's invariant says so", async () => {
  const { failure } = await simulated(
    (_sum, by) => by,
    async (caller) => {
      const sum = await read(caller);
      await caller.call("counter", encodeCbor(sum + 1));
    },
    { faults: [], seeds: 10 },
  );
  assert.equal(failure?.invariant, "U1");
  assert.match(failure.witness, /the sum is \d+, it must be from/u);
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
