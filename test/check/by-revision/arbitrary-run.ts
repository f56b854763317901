import type { RevisionedOperation, Sight } from "@quorate/check";
import fc from "fast-check";

/** What one call of a generated run decides. */
interface Choice {
  readonly process: number;
  readonly key: string;
  readonly kind: "read" | "write";
  readonly value: string | null;
  readonly sees: Sight;
  /** How long before and after the moment of its effect it was called and returned. */
  readonly before: number;
  readonly after: number;
  readonly end: "known" | "applied, unknown" | "never applied, unknown";
  /** Revisions that others, whom nobody recorded, take before it. */
  readonly skipped: number;
}

/** One lie that is told about one operation of a run: which, about what, and how far from the truth. */
export interface Lie {
  readonly index: number;
  readonly about: "revision" | "seenValue" | "seenModRevision" | "value" | "invokedAt" | "returnedAt";
  readonly by: number;
}

const choice: fc.Arbitrary<Choice> = fc.record({
  process: fc.nat(3),
  key: fc.constantFrom("a", "a", "b"),
  kind: fc.constantFrom("write", "read"),
  value: fc.constantFrom("x", "y", "z", null),
  sees: fc.constantFrom<Sight>("entry", "entry", "nothing", "value", "version", "not-value", "not-version"),
  before: fc.nat(25),
  after: fc.nat(25),
  end: fc.constantFrom("known", "known", "applied, unknown", "never applied, unknown"),
  skipped: fc.constantFrom(0, 0, 0, 1),
});

/** Runs of a store that does what it should; times are tens per step. */
export function arbitraryRun(stepsMax: number): fc.Arbitrary<RevisionedOperation[]> {
  return fc.array(choice, { minLength: 1, maxLength: stepsMax, size: "max" }).map(runOf);
}

/** One lie about a run. */
export const arbitraryLie: fc.Arbitrary<Lie> = fc.record({
  index: fc.nat(100),
  about: fc.constantFrom("revision", "seenValue", "seenModRevision", "value", "invokedAt", "returnedAt"),
  by: fc.constantFrom(-2, -1, 1, 2),
});

/** The run with one operation changed; the run as it is where the change makes no sense. */
export function lieAbout(run: readonly RevisionedOperation[], lie: Lie): RevisionedOperation[] {
  const at = lie.index % run.length;
  return run.map((operation, index) => (index === at ? lied(operation, lie) : operation));
}

function lied(operation: RevisionedOperation, { about, by }: Lie): RevisionedOperation {
  switch (about) {
    case "revision":
      return operation.revision === 0 ? operation : { ...operation, revision: Math.max(1, operation.revision + by) };
    case "seenModRevision":
      return { ...operation, seenModRevision: Math.max(0, operation.seenModRevision + by) };
    case "seenValue":
      return { ...operation, seenValue: ["x", "y", "", "z", null][by + 2]! };
    case "value":
      return operation.kind === "read" ? operation : { ...operation, value: ["x", "y", "", "z", null][by + 2]! };
    case "invokedAt":
      return { ...operation, invokedAt: Math.min(operation.returnedAt, operation.invokedAt + by * 15) };
    case "returnedAt":
      return { ...operation, returnedAt: Math.max(operation.invokedAt, operation.returnedAt + by * 15) };
  }
}

function runOf(choices: readonly Choice[]): RevisionedOperation[] {
  const entries: Map<string, { value: string | null; version: number }> = new Map();
  let revision = 0;
  return choices.map((each, step) => {
    revision += each.skipped;
    const { value, version } = entries.get(each.key) ?? { value: null, version: 0 };
    const write = each.kind === "write";
    const applied = each.end !== "never applied, unknown";
    if (write && applied) {
      revision++;
      entries.set(each.key, { value: each.value, version: each.value === null ? 0 : revision });
    }
    const sees = !write && each.sees === "nothing" ? "entry" : each.sees;
    const truthful = sees !== "not-value" && sees !== "not-version";
    return {
      process: each.process,
      kind: each.kind,
      key: each.key,
      invokedAt: step * 10 - each.before,
      returnedAt: each.end === "known" ? step * 10 + each.after : Infinity,
      revision: write && each.end !== "known" ? 0 : revision,
      value: write ? each.value : null,
      sees,
      seenValue:
        sees === "version" || sees === "nothing" || sees === "not-version" ? null : truthful ? value : `not ${value}`,
      seenModRevision: sees === "version" || sees === "entry" ? version : sees === "not-version" ? version + 1 : 0,
    };
  });
}
