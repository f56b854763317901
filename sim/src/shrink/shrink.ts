import type { Subject } from "../clients/program.ts";
import type { InvariantId } from "../invariants/catalogue.ts";
import { clientsOf } from "../world/config.ts";
import { Attempts, type FailingCase } from "./attempts.ts";
import { calmFaults, calmLoad } from "./calm.ts";
import { type Minimality, oneMinimal } from "./one-minimal.ts";
import { cutAfterViolation, removeFaults } from "./remove-faults.ts";

export type { FailingCase } from "./attempts.ts";

/** What shrinking ended with. */
export interface Shrunk extends FailingCase, Minimality {
  /** Runs that it took. */
  readonly runs: number;
  /** What became less, a line each: faults, simulated seconds, nodes, clients. */
  readonly ledger: readonly string[];
}

/**
 * Makes a failing case small. First what cannot matter is cut off and faults are taken out in parts; then the load is made less and each fault calmer; then each fault that
 * is left is shown to be needed. Parts are taken out by delta debugging and not by fast-check's shrinking of arrays, which ends at the same faults after five times the runs;
 * fast-check leads the numbers of each fault towards 0.
 *
 * @param runsMax - runs that it may take; 0: the case is kept as it is.
 * @param subject - what the run puts to the test; null: the project's own machines.
 */
export async function shrink(
  failing: FailingCase,
  invariant: InvariantId,
  runsMax: number,
  subject: Subject | null = null,
): Promise<Shrunk> {
  const attempts = new Attempts(failing, invariant, runsMax, subject);
  if (runsMax > 0) await cutAfterViolation(attempts);
  await removeFaults(attempts);
  await calmLoad(attempts);
  await calmFaults(attempts);
  // What is calm may need less.
  const { minimal, neighbours } = await oneMinimal(attempts);
  const { best, runs } = attempts;
  return { ...best, runs, minimal, neighbours, ledger: ledgerOf(failing, best, runs) };
}

function ledgerOf(before: FailingCase, after: FailingCase, runs: number): readonly string[] {
  const clients = ({ config }: FailingCase): number => clientsOf(config);
  const rows: readonly (readonly [string, number, number])[] = [
    ["faults", before.schedule.length, after.schedule.length],
    ["simulated seconds", before.config.seconds, after.config.seconds],
    ["nodes", before.config.nodes, after.config.nodes],
    ["clients", clients(before), clients(after)],
    ["keys", before.config.keys, after.config.keys],
  ];
  const changed = rows.filter(([, from, to]) => from !== to).map(([what, from, to]) => `${what}: ${from} → ${to}`);
  return [...changed, `${runs} runs taken`];
}
