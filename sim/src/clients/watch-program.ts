import { kv } from "@quorate/kv";
import { QuorateError } from "@quorate/machine";
import type { Watched } from "../invariants/watch.ts";
import { keyedBits, keyedFraction, Purpose } from "../world/keyed-random.ts";
import type { Program } from "./program.ts";

/** Longest life of one watch, on the client's clock: then the next goes on where it was. */
const WATCH_MS = 3000;
/** What is watched: everything half of the time. */
const WATCHED: readonly Watched[] = [
  {},
  {},
  {},
  { prefix: "key-", previous: true },
  { prefix: "many-", only: "deletes", previous: true },
  { keysOnly: true, only: "puts" },
];

/** Watches keys, gives the watch up now and then and goes on with another; what it is told is judged by what the log did. */
export const watchProgram: Program = async (world, client, number) => {
  const store = kv(client.caller);
  const who = `the watch of client ${number}`;
  const of = WATCHED[keyedBits(world.seed, Purpose.program, number, 0, 32) % WATCHED.length]!;
  let judge = null;
  for (let count = 1; world.isLoaded; count++) {
    const abort = new AbortController();
    client.process.clock.after(WATCH_MS * keyedFraction(world.seed, Purpose.program, number, count, 31), () =>
      abort.abort(),
    );
    const { prefix = "", ...options } = of;
    const fromRevision: number = judge === null ? 0 : judge.toldTo + 1;
    const watch = store.watch(
      { prefix },
      { ...options, fromRevision, progress: true, timeoutMs: 0, signal: abort.signal },
    );
    try {
      const startedAt = await watch.started();
      judge ??= world.checks?.store.watch(who, startedAt, of) ?? null;
      for await (const event of watch) judge?.told(event);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      if (error.code !== "ABORTED") world.failed(client, error, who);
    }
    await client.sleep(world.config.thinkMs);
  }
};
