import type { Code, RequestId } from "./errors.ts";
import type { Image, Restore, Watcher } from "./state-machine.ts";

/** What became of one request in the log: its first and only result, kept until its owner releases it. */
export interface Settlement {
  /** Empty: applied, `bytes` is the result. Otherwise why not, or `MACHINE_FAULT`. */
  readonly error: Code | "";
  /** The result. Of an error: words in UTF-8, alike on every replica; may be empty. */
  readonly bytes: Uint8Array;
  /** Of the step that first applied it; 0 if it was not applied. */
  readonly revision: number;
  readonly logTimeMs: number;
}

/**
 * All machines of one log, with its sessions and its log time: names and bytes, no types. This is what a replica drives.
 */
export interface Composite {
  /**
   * Applies one batch that counts (`encodeBatch`). A due clock step comes first. `reply` is called once per request in the batch,
   * synchronously. Throws only for bytes that no `encodeBatch` made: the log is corrupt.
   */
  step(batch: Uint8Array, reply: (request: RequestId, settlement: Settlement) => void): void;
  /** Throws QuorateError `UNKNOWN_MACHINE` or `BAD_COMMAND`. */
  query(machine: string, query: Uint8Array): Uint8Array;
  /** `wake` may be called in the middle of a step: only remember it. Throws as `query` does. */
  watch(machine: string, request: Uint8Array, wake: () => void): Watcher<Uint8Array>;
  /** Earliest log time at which a clock step would change something; Infinity: never. */
  dueMs(): number;
  image(): Image;
  /** Builds a composite of the same machines. Closes no watcher: the replica does. */
  restore(): Restore<Composite>;
  /** Steps applied so far. */
  readonly revision: number;
  readonly logTimeMs: number;
  /** Rolling, over all results, 32 bits; part of the image. */
  readonly digest: number;
}
