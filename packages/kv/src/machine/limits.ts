/**
 * Bounds of the store. They decide what `apply` answers, so they must be equal on every replica of a log, for the whole life
 * of that log; change them only while all its nodes are down.
 */
export interface KvLimits {
  /** Bytes of a key in UTF-8, at least 1. Default 1,024. */
  readonly keyBytesMax: number;
  /** Bytes of a value. Default 1 MiB. */
  readonly valueBytesMax: number;
  /** Operations and comparisons of one command, nested ones included. Default 10,000. */
  readonly operationsMax: number;
  /** Transactions within a transaction. Default 8. */
  readonly nestingMax: number;
  /** Keys that one command may change. Default 10,000; delete a larger range in parts. */
  readonly changesMax: number;
  /** Keys bound to one session. Default 10,000: they all go in one step when it ends. */
  readonly ephemeralKeysMax: number;
  /** Bytes of all keys and values, as `sizeOf` counts them. Default 4 GiB; beyond, only deletes are taken. */
  readonly storeBytesMax: number;
  /** Revisions whose changes are kept for past reads and watches. Default 10,000. */
  readonly historyRevisionsMax: number;
  /** Bytes of the changes that are kept. Default 256 MiB. */
  readonly historyBytesMax: number;
  /** Log time for which changes are kept, looked at when the next change comes. Default 0: no bound by age. */
  readonly historyAgeMs: number;
  /** Revisions that one step may drop from the history: what keeps compaction from stopping the world. Default 64. */
  readonly compactionRevisionsMax: number;
  /** Changes that one step may drop from the history, beyond as many as it made; a revision is dropped whole, even beyond this. Default 1,024. */
  readonly compactionChangesMax: number;
  /** Keys that one advance of the clock deletes; the rest goes in the next one. Default 1,000. */
  readonly expiriesMax: number;
  /** Keys in one page of a range. Default 10,000. */
  readonly pageKeysMax: number;
  /** Bytes in one page of a range; one key is always told. Default 1 MiB. */
  readonly pageBytesMax: number;
  /** Keys that one page of a count looks at. Default 100,000. */
  readonly countKeysMax: number;
  /** A quiet watch is told how far it is complete every so many changing revisions. Default 1,000; keep it far below historyRevisionsMax. */
  readonly progressRevisions: number;
}

/** The defaults; each is explained at its field. */
export const KV_LIMITS: KvLimits = {
  keyBytesMax: 1024,
  valueBytesMax: 1 << 20,
  operationsMax: 10_000,
  nestingMax: 8,
  changesMax: 10_000,
  ephemeralKeysMax: 10_000,
  storeBytesMax: 2 ** 32,
  historyRevisionsMax: 10_000,
  historyBytesMax: 256 << 20,
  historyAgeMs: 0,
  compactionRevisionsMax: 64,
  compactionChangesMax: 1024,
  expiriesMax: 1000,
  pageKeysMax: 10_000,
  pageBytesMax: 1 << 20,
  countKeysMax: 100_000,
  progressRevisions: 1000,
};
