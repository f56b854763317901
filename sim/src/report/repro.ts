import { readFileSync, writeFileSync } from "node:fs";
import { type Fault, FAULT_KINDS } from "../faults/schedule.ts";
import { showFault } from "../faults/table.ts";
import { INVARIANTS, type InvariantId, type Violation } from "../invariants/catalogue.ts";
import type { Shrunk } from "../shrink/shrink.ts";
import { clientsOf, type RunConfig } from "../world/config.ts";

/** A failing run as a file: everything that it is a function of, and what it must end with. */
export interface Repro {
  readonly format: 1;
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

/** The file of a failing run that was made small, and ends with `violation`. */
export function reproOf(shrunk: Shrunk, violation: Violation, hash: string): Repro {
  const { seed, config, schedule, ledger, neighbours } = shrunk;
  const machines = config.nodes + config.spares;
  const clients = clientsOf(config);
  let atMs = 0;
  const story = schedule.map((fault) => showFault(fault, (atMs += fault.gapMs), machines, clients));
  const { invariant, witness } = violation;
  const sentence = INVARIANTS[invariant];
  const told = { invariant, sentence, witness, atMs: violation.atMs, hash, story, ledger, neighbours };
  return { format: 1, ...told, seed, config, schedule };
}

export function writeRepro(file: string, repro: Repro): void {
  writeFileSync(file, `${JSON.stringify(repro, null, 2)}\n`);
}

/** @throws Error if the file is none of this format, or names a fault that this simulator does not know. */
export function readRepro(file: string): Repro {
  const repro = JSON.parse(readFileSync(file, "utf8")) as Partial<Repro>;
  if (repro.format !== 1 || repro.config === undefined || !Array.isArray(repro.schedule)) {
    throw new Error(`${file} is no saved run of this simulator: expected "format": 1, a config and a schedule`);
  }
  for (const { kind } of repro.schedule as readonly Fault[]) {
    if (!FAULT_KINDS.includes(kind))
      throw new Error(`${file} names the fault ${String(kind)}, which is not known here`);
  }
  return repro as Repro;
}
