import fc from "fast-check";
import { idOf, play, setups, steps } from "./schedule.ts";
import type { Setup, Step } from "./world.ts";

/**
 * Plays schedules by the thousand and prints the smallest one found of each kind of failure:
 * `node --conditions=quorate-source --import tsx test/paxos/hunt.ts <seconds> <seed>`.
 */
const seconds = Number(process.argv[2] ?? 30);
const seed = Number(process.argv[3] ?? 1);

function failure(setup: Setup, schedule: readonly Step[]): string | null {
  try {
    play(setup, schedule);
    return null;
  } catch (error) {
    return idOf(error);
  }
}

/** Leaves out what is not needed, in ever smaller pieces, for at most `most` runs. */
function smaller(setup: Setup, schedule: readonly Step[], id: string, most: number): readonly Step[] {
  let best = schedule;
  let runs = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1 && runs < most; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = best.length - size; from >= 0 && runs < most; from -= size) {
      const rest = [...best.slice(0, from), ...best.slice(from + size)];
      runs++;
      if (failure(setup, rest) === id) best = rest;
    }
  }
  return best;
}

const found = new Map<string, { setup: Setup; schedule: readonly Step[]; count: number }>();
const endMs = performance.now() + seconds * 1_000;
let runs = 0;
const arbitrary = fc.tuple(setups, fc.array(steps, { minLength: 10, maxLength: 160, size: "max" }));
for (let part = 0; performance.now() < endMs; part++) {
  for (const [setup, schedule] of fc.sample(arbitrary, { numRuns: 50, seed: seed * 100_000 + part })) {
    if (performance.now() >= endMs) break;
    runs++;
    const id = failure(setup, schedule);
    if (id === null) continue;
    const known = found.get(id);
    if (known !== undefined) {
      known.count++;
      if (schedule.length < known.schedule.length && known.count < 6) {
        known.setup = setup;
        known.schedule = smaller(setup, schedule, id, 60);
      }
    } else found.set(id, { setup, schedule: smaller(setup, schedule, id, id.startsWith("K") ? 60 : 200), count: 1 });
  }
}
process.stdout.write(`${runs} runs\n`);
for (const [id, { setup, schedule, count }] of found) {
  process.stdout.write(`\n== ${id} (${count} times)\n${JSON.stringify([setup, schedule])}\n`);
  try {
    play(setup, schedule);
  } catch (error) {
    process.stdout.write(`${(error as Error).stack ?? String(error)}\n`);
  }
}
