import type { RevisionedOperation } from "../revisioned-operation.ts";
import { type Broken, broken } from "./broken.ts";
import type { Writes } from "./writes.ts";

/** A write of unknown outcome of one key. */
export interface OpenWrite {
  readonly operation: RevisionedOperation;
  /** It can only have been applied above this revision. */
  readonly floor: number;
}

/** A write that somebody saw, at a revision that no reply told. */
export interface SeenWrite {
  readonly revision: number;
  /** Who saw it. */
  readonly by: RevisionedOperation;
  /** Its value; `null` if nobody told it. */
  value: string | null;
}

/** Which write of unknown outcome each seen write is. */
export interface SeenWrites {
  /** By seen write: its open write. */
  readonly writers: ReadonlyMap<SeenWrite, OpenWrite>;
  /** Whether another assignment may exist. */
  readonly ambiguous: boolean;
}

/**
 * Gathers what operations of one key saw: each version must be that of a write of this key, with the value seen.
 *
 * @param seen - receives the versions that no reply told.
 * @returns the first sight that cannot be, or `null`.
 */
export function gatherSeen(
  known: readonly RevisionedOperation[],
  writes: Writes,
  seen: Map<number, SeenWrite>,
): Broken | null {
  for (const operation of known) {
    const { sees, seenModRevision: version, seenValue, key } = operation;
    if (sees === "entry" && (version === 0) !== (seenValue === null)) {
      return broken("an entry has a value exactly if it has a modification revision", [operation]);
    }
    if ((sees !== "entry" && sees !== "version") || version === 0) continue;
    if (version > operation.revision || (operation.kind === "write" && version === operation.revision)) {
      return broken(`an operation saw revision ${version}, which was not there yet`, [operation]);
    }
    const rule = gatherVersion(operation, writes.at(version), seen);
    if (rule !== null) return rule;
    if (writes.at(version) === null && writes.noteSeen(version, key) !== key) {
      return broken(`revision ${version} was seen as the modification revision of two keys`, [operation]);
    }
  }
  return null;
}

function gatherVersion(
  operation: RevisionedOperation,
  write: RevisionedOperation | null,
  seen: Map<number, SeenWrite>,
): Broken | null {
  const { sees, seenModRevision: version, seenValue, key } = operation;
  const value = sees === "entry" ? seenValue : null;
  if (write !== null) {
    if (write.key !== key) return broken(`what was written at revision ${version} is another key`, [write, operation]);
    if (write.value === null)
      return broken(`what was deleted at revision ${version} was seen as present`, [write, operation]);
    if (value === null || write.value === value) return null;
    return broken(`what was seen of revision ${version} is not what was written there`, [write, operation]);
  }
  const before = seen.get(version);
  if (before === undefined) seen.set(version, { revision: version, by: operation, value });
  else if (before.value === null) before.value = value;
  else if (value !== null && value !== before.value) {
    return broken(`two values were seen of revision ${version}`, [before.by, operation]);
  }
  return null;
}

/**
 * Gives each seen write a write of unknown outcome that can be it: of its value, called before anybody was told that
 * revision, and, if it compared a version, with no told write between that version and this one. A matching by augmenting
 * paths (H. Kuhn 1955), which exists or the history is not linearizable. Late calls are tried first: they are the likelier.
 *
 * @param told - the revisions of the writes of this key that replies or sights tell, rising.
 */
export function assignSeen(
  seen: readonly SeenWrite[],
  open: readonly OpenWrite[],
  told: readonly number[],
): SeenWrites | Broken {
  const byValue: Map<string | null, OpenWrite[]> = new Map();
  const latestFirst = open.toSorted((a, b) => b.floor - a.floor);
  for (const each of latestFirst) {
    const { value } = each.operation;
    const same = byValue.get(value);
    if (same === undefined) byValue.set(value, [each]);
    else same.push(each);
  }
  const present = latestFirst.filter((each) => each.operation.value !== null);
  const seenBy: Map<OpenWrite, SeenWrite> = new Map();
  let ambiguous = false;
  const candidatesOf = (write: SeenWrite): OpenWrite[] =>
    (write.value === null ? present : (byValue.get(write.value) ?? [])).filter(
      (each) => each.floor < write.revision && mayFollow(each.operation, write.revision, told),
    );
  const place = (write: SeenWrite, tried: Set<OpenWrite>): boolean => {
    for (const candidate of candidatesOf(write)) {
      if (tried.has(candidate)) continue;
      tried.add(candidate);
      const other = seenBy.get(candidate);
      if (other !== undefined && !place(other, tried)) continue;
      seenBy.set(candidate, write);
      return true;
    }
    return false;
  };
  for (const write of seen) {
    if (candidatesOf(write).length > 1) ambiguous = true;
    if (place(write, new Set())) continue;
    return broken(`nobody can have written what was seen of revision ${write.revision}`, [write.by]);
  }
  return { writers: new Map([...seenBy].map(([writer, write]) => [write, writer])), ambiguous };
}

/** Whether a write may stand at `revision` as far as the version that it compared tells. */
function mayFollow(write: RevisionedOperation, revision: number, told: readonly number[]): boolean {
  if ((write.sees !== "version" && write.sees !== "entry") || write.seenModRevision === 0) return true;
  const version = write.seenModRevision;
  return version < revision && told[firstAbove(told, version)]! >= revision;
}

/** Index of the first number above `bound`. */
function firstAbove(rising: readonly number[], bound: number): number {
  let low = 0;
  let high = rising.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rising[middle]! <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
