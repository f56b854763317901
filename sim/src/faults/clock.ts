import { type FaultDefinition, NOTHING } from "./strike.ts";

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
