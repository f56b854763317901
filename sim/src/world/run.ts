import type { Verdict } from "@quorate/check";
import { ownSubject } from "../clients/own-subject.ts";
import type { Subject } from "../clients/program.ts";
import type { Fault } from "../faults/schedule.ts";
import type { Violation } from "../invariants/catalogue.ts";
import type { RunConfig } from "./config.ts";
import type { Observer } from "./observer.ts";
import { taskEnds } from "./task-end.ts";
import { setTraps } from "./traps.ts";
import { World } from "./world.ts";

/** What came of one run. */
export interface RunResult {
  /** Over every step, message, disk operation and client frame, in order: equal runs have equal hashes. */
  readonly hash: string;
  /** Steps taken. */
  readonly events: number;
  readonly simulatedMs: number;
  readonly violation: Violation | null;
  /** What the full search of the clients' history said, by values alone; `null`: it was not made for this run. */
  readonly searched: Verdict | null;
  /** Calls of key-value clients. */
  readonly operations: number;
  readonly coverage: Readonly<Record<string, number>>;
}

/**
 * One run: a function of its arguments, twice the same to the byte. One at a time in a process.
 *
 * @param subject - what is put to the test. Default: the key-value store and the locks of this project.
 * @param observers - told of everything that happens; with or without them the run is the same.
 * @param checked - whether invariants are checked at every step. False: to measure what that costs.
 */
export async function runOnce(
  config: RunConfig,
  seed: number,
  schedule: readonly Fault[],
  subject: Subject = ownSubject(config),
  observers: readonly Observer[] = [],
  checked: boolean = true,
): Promise<RunResult> {
  const restore = setTraps();
  try {
    subject.begin();
    const world = new World(config, seed, schedule, subject, observers, checked);
    await world.run();
    return {
      hash: world.hash.toString(),
      events: world.time.taken,
      simulatedMs: world.time.nowMs,
      violation: world.violation,
      searched: world.searched,
      operations: world.history.length,
      coverage: world.coverage.all(),
    };
  } finally {
    restore();
    await taskEnds();
  }
}
