import { writeFileSync } from "node:fs";
import { machineNames, type Subject } from "../clients/program.ts";
import type { Fault } from "../faults/schedule.ts";
import type { Met } from "../faults/strike.ts";
import { showFault } from "../faults/table.ts";
import { INVARIANTS, type InvariantId, type Violation } from "../invariants/catalogue.ts";
import type { Shrunk } from "../shrink/shrink.ts";
import type { RunConfig } from "../world/config.ts";

/** A failing run as a file: everything that it is a function of, and what it must end with. */
export interface Repro {
  readonly format: 2;
  /** Names of the machines that it ran: whoever replays it must have them. */
  readonly machines: readonly string[];
  readonly invariant: InvariantId;
  /** What must hold and did not. */
  readonly sentence: string;
  readonly witness: string;
  readonly atMs: number;
  /** Of the run: a replay that ends with another one ran other code. */
  readonly hash: string;
  /** The faults in words. */
  readonly story: readonly string[];
  /** What became less when it was made small. */
  readonly ledger: readonly string[];
  /** For each fault, what the run without it does. */
  readonly neighbours: readonly string[];
  readonly seed: number;
  readonly config: RunConfig;
  readonly schedule: readonly Fault[];
}

/**
 * The file of a failing run that was made small, and ends with `violation`.
 *
 * @param met - whom its faults met in this run, by their place in the schedule.
 */
export function reproOf(
  shrunk: Pick<Shrunk, "seed" | "config" | "schedule" | "ledger" | "neighbours">,
  violation: Violation,
  hash: string,
  subject: Subject,
  met: ReadonlyMap<number, Met> = new Map(),
): Repro {
  const { seed, config, schedule, ledger, neighbours } = shrunk;
  const machines = config.nodes + config.spares;
  const clients = subject.programs.length;
  let atMs = 0;
  const story = schedule.map((fault, index) =>
    showFault(fault, (atMs += fault.gapMs), machines, clients, met.get(index) ?? null),
  );
  const { invariant, witness } = violation;
  const sentence = INVARIANTS[invariant];
  const told = { invariant, sentence, witness, atMs: violation.atMs, hash, story, ledger, neighbours };
  return { format: 2, machines: machineNames(subject), ...told, seed, config, schedule };
}

export function writeRepro(file: string, repro: Repro): void {
  writeFileSync(file, `${JSON.stringify(repro, null, 2)}\n`);
}
