import type { RevisionedOperation } from "@quorate/check";

/**
 * Whether some guess about the writes of unknown outcome makes everything fit, found by trying them all: each at every free
 * revision up to the greatest that is told, or never. Shares nothing with the check but its definition.
 */
export function someGuessFits(operations: readonly RevisionedOperation[]): boolean {
  const known = operations.filter((each) => (each.kind === "write" ? each.revision > 0 : each.returnedAt !== Infinity));
  const open = operations.filter((each) => each.kind === "write" && each.revision === 0);
  const highest = Math.max(0, ...known.flatMap((each) => [each.revision, each.seenModRevision]));
  return guess(known, open, highest);
}

function guess(placed: readonly RevisionedOperation[], open: readonly RevisionedOperation[], highest: number): boolean {
  const [first, ...others] = open;
  if (first === undefined) return allFit(placed);
  if (guess(placed, others, highest)) return true;
  for (let revision = 1; revision <= highest; revision++) {
    if (guess([...placed, { ...first, revision }], others, highest)) return true;
  }
  return false;
}

function allFit(operations: readonly RevisionedOperation[]): boolean {
  const writes = operations.filter((each) => each.kind === "write");
  if (new Set(writes.map((each) => each.revision)).size < writes.length) return false;
  return operations.every((each) => comesAfterItsPast(each, operations) && sawTheEntry(each, writes));
}

function comesAfterItsPast(operation: RevisionedOperation, operations: readonly RevisionedOperation[]): boolean {
  return operations.every((other) => {
    if (other.returnedAt >= operation.invokedAt) return true;
    return operation.kind === "write" ? other.revision < operation.revision : other.revision <= operation.revision;
  });
}

function sawTheEntry(operation: RevisionedOperation, writes: readonly RevisionedOperation[]): boolean {
  const to = operation.kind === "write" ? operation.revision - 1 : operation.revision;
  const before = writes.filter((each) => each.key === operation.key && each.revision <= to);
  const latest = before.toSorted((a, b) => b.revision - a.revision)[0];
  const value = latest?.value ?? null;
  const version = value === null ? 0 : latest!.revision;
  switch (operation.sees) {
    case "nothing":
      return true;
    case "value":
      return value === operation.seenValue;
    case "not-value":
      return value !== operation.seenValue;
    case "version":
      return version === operation.seenModRevision;
    case "not-version":
      return version !== operation.seenModRevision;
    case "entry":
      return value === operation.seenValue && version === operation.seenModRevision;
  }
}
