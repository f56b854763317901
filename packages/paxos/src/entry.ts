import type { Ballot } from "./ballot.ts";

/** What a slot can hold. `batch`: commands of the machines; `noop`: nothing; `members`: a membership change. */
export type EntryKind = "batch" | "noop" | "members";

/**
 * What one slot holds, as one acceptor voted for it. Entries never change once made, and their bytes are stored and
 * forwarded as they came.
 */
export interface Entry {
  /** Place in the log, 1 or more. */
  readonly slot: number;
  /** The ballot this vote was cast in. Of a learned entry: its teller's ballot (rule 1). */
  readonly ballot: Ballot;
  /** The ballot that first proposed it; kept by re-proposal, learning and snapshots (rule 9). */
  readonly origin: Ballot;
  /** Whether its first proposer knew everything below it chosen at that moment; never computed anew (rule 9). */
  readonly anchored: boolean;
  readonly kind: EntryKind;
  /** A batch, opaque here; empty for a no-op; `encodeMembers(…)` for a membership change. */
  readonly bytes: Uint8Array;
}

/** The bytes of a no-op. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/**
 * Where a log stands in primary order (rule 9) right after a slot: the origin of the last entry, whether that entry
 * may carry the next one of its origin (a batch or change that counts), and nothing else. Snapshots keep it.
 */
export interface Standing {
  readonly origin: Ballot;
  /** The last entry is a batch or a membership change, and it counts. */
  readonly carries: boolean;
}

/** The standing before slot 1. */
export const FIRST_STANDING: Standing = { origin: 0, carries: false };

/**
 * Whether `entry`, right after an entry that left `below`, counts: it is anchored, or the entry right below it is a
 * batch or change of the same origin that counts. A batch that does not count is void: it changes nothing on any replica.
 *
 * Source: rule 9; F. Junqueira, B. Reed, M. Serafini, *Zab*, section III (primary order).
 */
export function counts(below: Standing, entry: Pick<Entry, "kind" | "origin" | "anchored">): boolean {
  if (entry.kind === "noop") return false;
  return entry.anchored || (below.carries && below.origin === entry.origin);
}

/** The standing after `entry`, which stands right above an entry that left `below`. */
export function standingAfter(below: Standing, entry: Pick<Entry, "kind" | "origin" | "anchored">): Standing {
  return { origin: entry.origin, carries: counts(below, entry) };
}
