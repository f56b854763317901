import type { ClientFrame, ServerFrame } from "@quorate/client";
import type { Done, SnapshotChunk } from "@quorate/log";
import type { Clock, QuorateError, ReadLevel, Reply, RequestId, Watcher } from "@quorate/machine";
import type { Counters } from "../counters.ts";
import type { Self } from "../handshake.ts";
import type { NetLimits } from "../limits.ts";

/** What a port needs of a replica. A `Replica` of `@quorate/log` is one. */
export interface Served {
  submit(request: RequestId, releasedTo: number, machine: string, command: Uint8Array, done: Done<Reply>): void;
  read(level: ReadLevel, minRevision: number, machine: string, query: Uint8Array, done: Done<Reply>): void;
  watch(
    minRevision: number,
    machine: string,
    request: Uint8Array,
    wake: () => void,
    done: Done<Watcher<Uint8Array>>,
  ): void;
  snapshot(slot: number, position: number, minRevision: number, done: Done<SnapshotChunk>): void;
  /** `revision`: of the last applied step. `leader`: the node believed to lead, 0 if none is. */
  status(): { readonly revision: number; readonly leader: number };
}

/** What all connections of a port share. */
export interface PortContext {
  readonly self: Self;
  readonly limits: NetLimits;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly endpoints: ReadonlyMap<number, string>;
  readonly replica: () => Served | null;
  readonly status: () => Readonly<Record<string, string | number>>;
  /** A connection has ended. */
  gone(connection: object): void;
}

/** The frame that tells of an error. */
export function errorFrame(id: number, error: QuorateError, leader: number): ServerFrame {
  const hint = error.detail["leader"];
  return {
    kind: "error",
    id,
    code: error.code,
    outcome: error.outcome,
    // What `settlementError` made names the request and the revision; a refusal on the way to the log has no revision.
    settled: error.request !== null && error.detail["revision"] !== undefined,
    message: error.message,
    leader: typeof hint === "number" ? hint : leader,
  };
}

/** A frame that asks for an answer under its id. */
export type Asking = Extract<ClientFrame, { kind: "call" | "read" | "watch" | "snapshot" }>;
