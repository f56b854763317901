import { ownSubject } from "../clients/own-subject.ts";
import type { SubjectOf } from "../clients/program.ts";
import type { InvariantId } from "../invariants/catalogue.ts";
import { Attempts, type FailingCase, type ShrinkBudget } from "./attempts.ts";
import { calmFaults, calmLoad } from "./calm.ts";
import { type Minimality, oneMinimal } from "./one-minimal.ts";
import { halveSeconds, removeFaults } from "./remove-faults.ts";

export type { FailingCase, ShrinkBudget } from "./attempts.ts";

/** What shrinking ended with. */
export interface Shrunk extends FailingCase, Minimality {
  /** Runs that it took. */
  readonly runs: number;
  /** What became less, a line each: faults, simulated seconds, nodes, clients. */
  readonly ledger: readonly string[];
}

/** Where more faults are left, they are taken out in another order: it decides which of many minimal cases is the end. */
const FEW = 6;

/**
 * Makes a failing case small. Faults are taken out in parts, then one by one until each that is left was shown to be needed; then the load is made less and each fault calmer,
 * and where that changed anything, each fault is shown to be needed again: if the budget is over before that, what was known to be minimal is kept. Parts are taken out by
 * delta debugging and not by fast-check's shrinking of arrays, which ends at the same faults after five times the runs; fast-check leads the numbers of each fault towards 0.
 *
 * @param subjectOf - what the run puts to the test. Default: the project's own machines.
 */
export async function shrink(
  failing: FailingCase,
  invariant: InvariantId,
  budget: ShrinkBudget,
  subjectOf: SubjectOf = ownSubject,
): Promise<Shrunk> {
  const attempts = new Attempts(failing, invariant, budget, subjectOf);
  let found: Minimality = { minimal: false, neighbours: [] };
  if (budget.runsMax > 0 && (await attempts.fails(failing)) === "alike") {
    if (attempts.best.config.seconds === failing.config.seconds) await halveSeconds(attempts);
    const rough = attempts.best;
    await removeFaults(attempts, "last first");
    found = await oneMinimal(attempts);
    if (found.minimal && attempts.best.schedule.length > FEW) found = await reorder(attempts, rough, found);
    if (found.minimal && budget.calm !== false) found = await makeCalm(attempts, found);
  }
  const { best, runs } = attempts;
  return { ...best, runs, ...found, ledger: ledgerOf(failing, best, runs, subjectOf) };
}

/** The first faults go first this time, if that ends with fewer. */
async function reorder(attempts: Attempts, rough: FailingCase, found: Minimality): Promise<Minimality> {
  const known = attempts.best;
  attempts.best = rough;
  await removeFaults(attempts, "first first");
  const other = await oneMinimal(attempts);
  if (other.minimal && attempts.best.schedule.length < known.schedule.length) return other;
  attempts.best = known;
  return found;
}

/** What is calm may need less. */
async function makeCalm(attempts: Attempts, found: Minimality): Promise<Minimality> {
  const minimal = attempts.best;
  await calmLoad(attempts);
  await calmFaults(attempts);
  if (attempts.best === minimal) return found;
  const calm = await oneMinimal(attempts);
  if (calm.minimal) return calm;
  attempts.best = minimal;
  return found;
}

function ledgerOf(before: FailingCase, after: FailingCase, runs: number, subjectOf: SubjectOf): readonly string[] {
  const clients = ({ config }: FailingCase): number => subjectOf(config).programs.length;
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
