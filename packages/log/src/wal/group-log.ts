import type { Durable, DurableRecord, Entry, Governing, Standing } from "@quorate/paxos";
import type { Done } from "../disk/disk.ts";

/** One group's part of the process's one write-ahead log. Everything that waits, over all groups, shares one write and one sync. */
export interface GroupLog {
  /**
   * Appends in order. `durable` runs once, in a later turn, when these records and all before them are synced, with the number of the
   * write unit that made them so. It never runs after a write or sync failed: the log is closed then, and says so through `onFailed`.
   * Throws `TOO_LARGE` for an entry above `entryBytesMax(limits)`; nothing is appended then.
   */
  append(records: readonly DurableRecord[], durable: (unit: number) => void): void;
  /** The latest entries appended (durable or not) in slots slotFrom … slotTo, consecutive, as many as fit in `bytesMax` but at least one; stops before a gap, and before one that is damaged. `LOG_CORRUPT` if that is the first. */
  entries(slotFrom: number, slotTo: number, bytesMax: number, done: Done<readonly Entry[]>): void;
  /** A durable checkpoint covers everything to `base`: records below it may go. `governing`: the set in force there. */
  trim(base: number, governing: Governing): void;
  /** The first slot that is still readable here; 1 if nothing was trimmed. */
  readonly slotFirst: number;
}

/** The process's one write-ahead log. */
export interface Wal {
  /** The part of `group`; a new one if recovery found none. */
  group(group: number): GroupLog;
  /** Number of the last synced write unit. */
  readonly unit: number;
  /** Bytes of all segments, those made ahead too: what the log takes of the disk. */
  readonly bytes: number;
  /** Bytes of the segments in use, up to where the next unit goes. */
  readonly bytesWritten: number;
  /** Writes waiting for space: appends are held back until a segment can be made, then go on by themselves. */
  readonly full: boolean;
  /** Syncs what waits, appends the seal and gives the files back. */
  close(done: Done): void;
}

/** What recovery read of one group. */
export interface RecoveredGroup {
  /**
   * `governing` is empty if neither a trim nor a set was ever appended. `promised` counts in the ballots of votes and the floors of sets.
   * `chosenTo` does not pass a faulty slot, unless `base` or a governing set does. An older vote of a faulty slot is in `accepted` only if the
   * slot was not known chosen.
   */
  readonly durable: Durable;
}

/** The head of a snapshot: what an engine and an applier need to go on right after `slot`. */
export interface SnapshotHead {
  readonly group: number;
  /** Everything to here is in the image. */
  readonly slot: number;
  readonly governing: Governing;
  readonly standing: Standing;
  readonly revision: number;
  readonly digest: number;
}
