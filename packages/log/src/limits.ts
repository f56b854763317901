/** Every named limit of a host and its replicas. Each queue and each loop has one, and a counter where it bites. */
export interface LogLimits {
  /** A turn is taken at least this often, idle or not. Default 10; more makes elections and leases coarser. */
  readonly tickMs: number;
  /** Between two forming messages to a node that was not heard. Default 100. */
  readonly formingMs: number;
  /** Bytes of commands in one batch; one command is always taken. Default 1 MiB. */
  readonly batchBytesMax: number;
  /** Commands in one batch. Default 4,096. */
  readonly batchCommandsMax: number;
  /** Batches proposed and not yet chosen. Default 64; more deepens the pipeline over slow links. */
  readonly batchesUndecidedMax: number;
  /** Bytes of one command; larger ones are `TOO_LARGE`. Default 1 MiB. */
  readonly commandBytesMax: number;
  /** Bytes of commands that wait for a batch; `OVERLOADED` above it. Default 64 MiB. */
  readonly waitingBytesMax: number;
  /** Commands that wait for a batch; `OVERLOADED` above it. Default 65,536. */
  readonly waitingCommandsMax: number;
  /** Messages of peers taken into one turn of one group; further ones are lost, and counted. Default 65,536. */
  readonly inboxMessagesMax: number;
  /** Reads and watches that wait; `OVERLOADED` above it. Default 65,536. */
  readonly readsMax: number;
  /** A read that has no bound after this, or whose bound is not applied here by then, is refused with `NO_LEADER`. Default 2,000. */
  readonly readWaitMs: number;
  /** A read of level `session`, or a watch, that lacks its revision for this long is refused with `TOO_STALE`. Default 1,000. */
  readonly staleWaitMs: number;
  /** Open watchers of one replica; `OVERLOADED` above it. Default 65,536. */
  readonly watchersMax: number;
  /** Bytes of log given to one lagging peer in one turn; one entry is always sent. Default 1 MiB. */
  readonly supplyBytesPerTurn: number;
  /** A lagging peer with more than this queued is not given more. Default 4 MiB. */
  readonly supplyQueuedBytesMax: number;
  /** Entries applied between two checkpoints. Default 100,000; fewer costs writes, more costs restart time. */
  readonly checkpointEntries: number;
  /** Bytes of entries applied between two checkpoints, or twice the last snapshot if that is more. Default 64 MiB: a second or two of replay. */
  readonly checkpointBytes: number;
  /** A checkpoint that failed, for want of space, is tried again after this long. Default 1,000. */
  readonly checkpointRetryMs: number;
  /** The log is held back this long for a peer that lags and does not ask: what it needs next is not cut away meanwhile. Default 5,000. */
  readonly heldForMs: number;
  /**
   * Entries below the newest checkpoint that are held back for peers; one that needs more gets a newer snapshot instead. Default
   * 1,000,000; more costs memory, some 150 bytes each.
   */
  readonly heldEntriesMax: number;
  /**
   * Bytes of the log on disk, or four times the newest snapshot if that is more, above which nothing is held back for peers. Default 1 GiB; a full disk
   * holds nothing back either.
   */
  readonly heldLogBytesMax: number;
  /** Between two digest reports to peers. Default 1,000. */
  readonly digestMs: number;
  /** Digests remembered, one a slot. Default 4,096; a power of two. */
  readonly digestSlots: number;
  /** Rounds of "take output, apply, tell the engine" in one turn; what is left comes in the next. Default 8. */
  readonly turnRoundsMax: number;
}

/** The defaults. */
export const LOG_LIMITS: LogLimits = {
  tickMs: 10,
  formingMs: 100,
  batchBytesMax: 1024 * 1024,
  batchCommandsMax: 4_096,
  batchesUndecidedMax: 64,
  commandBytesMax: 1024 * 1024,
  waitingBytesMax: 64 * 1024 * 1024,
  waitingCommandsMax: 65_536,
  inboxMessagesMax: 65_536,
  readsMax: 65_536,
  readWaitMs: 2_000,
  staleWaitMs: 1_000,
  watchersMax: 65_536,
  supplyBytesPerTurn: 1024 * 1024,
  supplyQueuedBytesMax: 4 * 1024 * 1024,
  checkpointEntries: 100_000,
  checkpointBytes: 64 * 1024 * 1024,
  checkpointRetryMs: 1_000,
  heldForMs: 5_000,
  heldEntriesMax: 1_000_000,
  heldLogBytesMax: 1024 * 1024 * 1024,
  digestMs: 1_000,
  digestSlots: 4_096,
  turnRoundsMax: 8,
};
