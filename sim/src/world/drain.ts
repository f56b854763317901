/** Longer than any chain of promises that one settled promise sets off in the clients; what is longer goes on after the next step, in every run alike. */
const HOPS = 48;

/** Lets promises that were settled by a step run what waits for them, without giving the event loop of the platform a turn. */
export async function drain(): Promise<void> {
  const settled = Promise.resolve();
  for (let hop = 0; hop < HOPS; hop++) await settled;
}
