import type { RevisionedOperation } from "../revisioned-operation.ts";
import { type Broken, broken } from "./broken.ts";
import type { OpenWrite } from "./seen-writes.ts";
import type { Writes } from "./writes.ts";

/** An operation of a key, and the revision at which it stands. */
export interface Fact {
  readonly operation: RevisionedOperation;
  readonly revision: number;
}

/**
 * Walks one key from revision to revision and compares what each operation saw with the entry that the writes before it left.
 * Where that does not fit, a write of unknown outcome may stand between: one is taken that gives what was seen, at a revision
 * that no other write has. None is taken without need, since it is as good later.
 */
export class Timeline {
  private readonly open: Set<OpenWrite>;
  private readonly writes: Writes;
  /** Whether a guess was made that might have been made otherwise; from then on a misfit is not proven. */
  private ambiguous: boolean;

  /** The entry: the last write, of which revision, and whether a reply or a sight told that revision. */
  private value: string | null = null;
  private revision = 0;
  private writer: RevisionedOperation | null = null;
  private toldRevision = 0;
  /** Up to this revision the entry is surely so; and up to this one any other guess would be contradicted as well. */
  private since = 0;
  private sinceProven = 0;

  constructor(open: readonly OpenWrite[], writes: Writes, ambiguous: boolean) {
    this.open = new Set(open);
    this.writes = writes;
    this.ambiguous = ambiguous;
  }

  /** Takes the next fact: by revision, and at one revision the write before the reads. */
  take(fact: Fact): Broken | null {
    const { operation, revision } = fact;
    const rule = this.observe(operation, operation.kind === "write" ? revision - 1 : revision);
    if (rule !== null || operation.kind === "read") return rule;
    this.value = operation.value;
    this.revision = revision;
    this.toldRevision = revision;
    this.writer = operation;
    this.since = revision;
    this.sinceProven = revision;
    return null;
  }

  private observe(operation: RevisionedOperation, to: number): Broken | null {
    if (operation.sees === "nothing") return null;
    if (!this.fits(operation) && !this.assumeFor(operation, to)) return this.misfit(operation, to);
    this.since = Math.max(this.since, to);
    if (operation.sees === "entry" || operation.sees === "version") this.sinceProven = this.since;
    return null;
  }

  /** Whether the entry is what the operation saw. */
  private fits(operation: RevisionedOperation): boolean {
    const version = this.value === null ? 0 : this.revision;
    switch (operation.sees) {
      case "nothing":
        return true;
      case "value":
        return this.value === operation.seenValue;
      case "not-value":
        return this.value !== operation.seenValue;
      case "version":
        return version === operation.seenModRevision;
      case "not-version":
        return version !== operation.seenModRevision;
      case "entry":
        return version === operation.seenModRevision && this.value === operation.seenValue;
    }
  }

  private assumeFor(operation: RevisionedOperation, to: number): boolean {
    let choices = 0;
    let chosen: OpenWrite | null = null;
    let chosenRevision = 0;
    for (const candidate of this.open) {
      if (!gives(candidate.operation, operation)) continue;
      if (this.writes.free(Math.max(this.sinceProven, candidate.floor), to, false) > 0) choices++;
      if (chosen !== null || !this.fits(candidate.operation)) continue;
      const revision = this.writes.free(Math.max(this.since, candidate.floor), to, true);
      if (revision === 0) continue;
      chosen = candidate;
      chosenRevision = revision;
    }
    if (chosen === null) {
      if (choices > 0) this.ambiguous = true;
      return false;
    }
    if (choices > 1) this.ambiguous = true;
    this.open.delete(chosen);
    this.writes.assume(chosenRevision);
    this.value = chosen.operation.value;
    this.revision = chosenRevision;
    this.writer = chosen.operation;
    return true;
  }

  private misfit(operation: RevisionedOperation, to: number): Broken {
    const exact = (operation.sees === "entry" || operation.sees === "version") && operation.seenModRevision > 0;
    const known = operation.revision > 0;
    const stale = exact && known && this.toldRevision > operation.seenModRevision;
    const told = this.revision === this.toldRevision && (this.writer === null || this.writer.revision > 0);
    // The revision of an assumed write is a guess as well, and here it is the revision that does not fit.
    const comparesRevision = operation.sees === "not-version" || (exact && !known);
    const assumedRevision = comparesRevision && this.revision !== this.toldRevision;
    const noRoom = known && told && this.writes.free(this.sinceProven, to, false) === 0;
    const holds =
      this.value === null ? "is absent" : `holds ${JSON.stringify(this.value)} of revision ${this.revision}`;
    return broken(
      `at revision ${to} the key ${JSON.stringify(operation.key)} ${holds}, which is not what was seen`,
      this.writer === null ? [operation] : [this.writer, operation],
      stale || noRoom || !(this.ambiguous || assumedRevision || (exact && !known && this.open.size > 0)),
    );
  }
}

/** Whether the entry that `write` leaves may be what `operation` saw, if the write stood right before it. */
function gives(write: RevisionedOperation, operation: RevisionedOperation): boolean {
  switch (operation.sees) {
    case "nothing":
      return true;
    case "value":
      return write.value === operation.seenValue;
    case "not-value":
      return write.value !== operation.seenValue;
    // A version above 0 that was seen stands among the facts already.
    case "version":
      return operation.seenModRevision === 0 && write.value === null;
    case "entry":
      return operation.seenModRevision === 0 && operation.seenValue === null && write.value === null;
    case "not-version":
      return operation.seenModRevision > 0 || write.value !== null;
  }
}
