// A bank under simulated faults. Two mistakes are planted; the simulator finds each and makes it small. Then the bank as it should be.
import { type ClientProgram, simulate } from "@quorate/sim";
import fc from "fast-check";
import { fromReducer, machineClient, QuorateError } from "quorate";

type Transfer = { from: number; to: number; amount: number };
function bank(countsInMemory: boolean) {
  let count = 0; // a mistake: it is no part of the state, so replicas come to differ
  return fromReducer({
    name: "bank",
    version: 1,
    initial: [100, 100, 100],
    apply(balances: number[], command: Transfer | number[]): readonly [number[], string] {
      count += 1;
      const receipt = countsInMemory ? `receipt ${count}` : "done";
      if (Array.isArray(command)) return [command, receipt];
      const { from, to, amount } = command;
      return [balances.map((sum, at) => sum + (at === to ? amount : 0) - (at === from ? amount : 0)), receipt];
    },
  });
}
const transfers = fc.record({ from: fc.nat(2), to: fc.nat(2), amount: fc.integer({ min: 1, max: 40 }) });

async function tryBank(title: string, machine: ReturnType<typeof bank>, readsThenWrites: boolean): Promise<void> {
  const teller: ClientProgram = async (caller, { sleep, random, draw, isLoaded }) => {
    const remote = machineClient(caller, machine);
    for (let each = 1; isLoaded(); each++) {
      await sleep(400 * random(each));
      const { from, to, amount } = draw(transfers, each);
      try {
        if (!readsThenWrites) await remote.call({ from, to, amount });
        else
          for (const [account, change] of [[from, -amount] as const, [to, amount] as const]) {
            const balances = await remote.read(null); // a mistake: what is written between read and write is lost
            await remote.call(balances.map((sum, at) => (at === account ? sum + change : sum)));
          }
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error; // the cluster may fail to answer: no mistake of the bank
      }
    }
  };
  const holds300 = async (caller: Parameters<ClientProgram>[0]): Promise<string | null> => {
    const sum = (await machineClient(caller, machine).read(null)).reduce((all, each) => all + each, 0);
    return sum === 300 ? null : `the accounts hold ${sum} together, not 300`;
  };
  const what = { machine, clients: [teller, teller], invariants: [holds300] };
  const { runs, failure } = await simulate({ ...what, nodes: 3, seeds: 20, seconds: 5 });
  if (failure === null) return console.log(`${title}: held in ${runs} runs`);
  const { invariant, witness, ledger, story } = failure;
  console.log([`${title}: ${invariant}: ${witness}`, ...ledger, ...story].join("\n  "));
}

await tryBank("counts in memory", bank(true), false);
await tryBank("reads, then writes", bank(false), true);
await tryBank("one command a transfer", bank(false), false);
