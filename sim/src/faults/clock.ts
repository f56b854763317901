import { type FaultDefinition, lasting, NOTHING } from "./strike.ts";

const JUMP_MS = 20_000;

/** A wall clock is set: of a node, or of a client. */
export const wallJump: FaultDefinition = {
  strike: ({ node, client, fault: { choice } }) => {
    (choice % 2 === 0 ? node : client.process).clocks.jump(jumpMs(choice));
    return NOTHING;
  },
  words: ({ node, client }, { choice }) =>
    `the wall clock of ${choice % 2 === 0 ? node : client} jumps by ${jumpMs(choice)} ms`,
};

function jumpMs(choice: number): number {
  return (choice % JUMP_MS) - JUMP_MS / 2;
}

/** A clock runs at half to twice its rate: outside of the bound on which leases and beliefs rest. */
export const clockDrift: FaultDefinition = {
  strike: ({ world, node, client, fault: { choice } }) => {
    const { clocks } = choice % 2 === 0 ? node : client.process;
    const { rate } = clocks;
    world.clocksHold = false;
    clocks.rate = rateOf(choice);
    return () => {
      clocks.rate = rate;
    };
  },
  words: ({ node, client }, fault) =>
    `the clocks of ${fault.choice % 2 === 0 ? node : client} run ${rateOf(fault.choice).toFixed(2)} times as fast ${lasting(fault)}`,
};

function rateOf(choice: number): number {
  return 2 ** ((((choice >>> 1) % 1000) / 1000) * 2 - 1);
}
