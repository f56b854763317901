import type { RequestId } from "./errors.ts";

/** A result of the log. */
export interface Reply {
  readonly bytes: Uint8Array;
  /** Of a call: the step that applied it. Of a read: the last step it reflects. */
  readonly revision: number;
  readonly logTimeMs: number;
}

/**
 * `linearizable`: sees every write acknowledged before it began. `lease`: the same, on the word of clocks within the drift bound.
 * `session`: sees this session's own writes and never goes back, at any replica. `stale`: whatever the replica has, with its revision told.
 */
export type ReadLevel = "linearizable" | "lease" | "session" | "stale";

/** Options of every call. */
export interface CallOptions {
  /** Milliseconds; default 10,000; 0: no limit of its own. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Options of a read. */
export interface ReadOptions extends CallOptions {
  /** Default `linearizable`. */
  readonly level?: ReadLevel;
  /** Ask this node and no other. */
  readonly at?: number;
}

/** What the log says of a request. `forgotten`: its session is over, or its owner released it. */
export type Settled =
  | { readonly outcome: "applied"; readonly reply: Reply }
  | { readonly outcome: "not-applied" }
  | { readonly outcome: "forgotten" };

/** The belief of a client in its session (rule 25). */
export interface SessionLease {
  /** The revision that opened it; 0 before the first. */
  readonly id: number;
  /** What the log was asked for, in milliseconds. */
  readonly ttlMs: number;
  /** On the client's monotonic clock: the belief ends here, before the log may expire the session. */
  leaseEndMs(): number;
  /** `told` runs after each confirmed renewal; returns the function that stops it. */
  onRenewed(told: () => void): () => void;
  /** Fires when the log said that the session is over, or the client closed it. */
  readonly ended: AbortSignal;
}

/** All that a typed client (kv, lock, yours) knows of the world: "call this command". */
export interface Caller {
  /** Exactly once. Throws QuorateError. */
  call(machine: string, command: Uint8Array, options?: CallOptions): Promise<Reply>;
  /** Takes no request number; may be asked again by itself. */
  read(machine: string, query: Uint8Array, options?: ReadOptions): Promise<Reply>;
  /** `request` is asked anew after each reconnect, with the last revision seen, so that nothing is missed or repeated. One Reply per event. */
  watch(machine: string, request: (afterRevision: number) => Uint8Array, options?: CallOptions): AsyncIterable<Reply>;
  /** Through the log: asking decides. A number that was not applied is burnt (rule 23). */
  settle(request: RequestId, options?: CallOptions): Promise<Settled>;
  /** The open session; one is opened if there is none. */
  session(options?: CallOptions): Promise<SessionLease>;
}
