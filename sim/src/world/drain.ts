/** Of Node alone: runs `then` once no promise has anything left to do, before the event loop goes on. */
type NextTick = (then: () => void) => void;

/** Longer than any chain of promises that one settled promise sets off in the clients, where the platform cannot tell its end. */
const HOPS = 48;

const globals = globalThis as unknown as { readonly process?: { readonly nextTick?: NextTick } };
const nextTick = globals.process?.nextTick;

/** Lets promises that were settled by a step run what waits for them, to the end, without giving the event loop of the platform a turn. */
export const drain: () => Promise<void> =
  nextTick === undefined ? byHops : () => new Promise((resolve) => nextTick(resolve));

async function byHops(): Promise<void> {
  const settled = Promise.resolve();
  for (let hop = 0; hop < HOPS; hop++) await settled;
}
