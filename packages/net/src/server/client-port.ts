import type { ClientFrame, ServerFrame } from "@quorate/client";
import type { Clock, QuorateError, ReadLevel, Reply, RequestId, Watcher } from "@quorate/machine";
import type { Done } from "@quorate/log";
import { type Counters, createCounters } from "../counters.ts";
import { CloseCode, type Self } from "../handshake.ts";
import { NET_LIMITS, type NetLimits } from "../limits.ts";
import type { Socket, SocketEvents } from "../websocket/socket.ts";
import { ClientConnection } from "./client-connection.ts";

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
  /** `revision`: of the last applied step. `leader`: the node believed to lead, 0 if none is. */
  status(): { readonly revision: number; readonly leader: number };
}

/** What a port is made of. */
export interface ClientPortOptions {
  readonly cluster: string;
  readonly node: number;
  /** Where the nodes serve clients, told to every client: `ws://host:port` by node. */
  readonly endpoints: ReadonlyMap<number, string>;
  /** `null` until there is one: calls are then refused with `NOT_FORMED`, not applied. */
  readonly replica: () => Served | null;
  /** What a `status` request gets. Default: the numbers and texts of the replica's status. */
  readonly status?: () => Readonly<Record<string, string | number>>;
  readonly clock: Clock;
  /** What clients must know. Default: nothing is asked for. */
  readonly credential?: string;
  readonly limits?: Partial<NetLimits>;
}

/** Serves clients: envelope in, bytes to the replica, answers out. */
export interface ClientPort {
  /** Takes a connection that came in at the path for clients. */
  accept(make: (events: SocketEvents) => Socket): void;
  /** Connections at present. */
  connections(): number;
  counters(): Readonly<Record<string, number>>;
  /** Closes every connection. What they asked for goes on, and is told to nobody. */
  close(): void;
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
  gone(connection: ClientConnection): void;
}

/** See {@link ClientPort}. */
export function createClientPort(options: ClientPortOptions): ClientPort {
  const { cluster, node, endpoints, replica, clock, credential = "" } = options;
  const limits = { ...NET_LIMITS, ...options.limits };
  const counters = createCounters();
  const connections = new Set<ClientConnection>();
  let cancelSweep: (() => void) | null = null;
  let closed = false;

  const context: PortContext = {
    self: { cluster, node, credential },
    limits,
    clock,
    counters,
    endpoints,
    replica,
    status: options.status ?? ((): Readonly<Record<string, string | number>> => flatStatus(node, replica())),
    gone(connection) {
      connections.delete(connection);
      if (connections.size > 0) return;
      cancelSweep?.();
      cancelSweep = null;
    },
  };

  /** One timer for all connections, not one each. */
  function sweep(): void {
    const now = clock.nowMs();
    for (const connection of connections) connection.checkSilence(now);
    cancelSweep = connections.size > 0 ? clock.after(Math.min(1000, limits.helloMs), sweep) : null;
  }

  return {
    accept(make) {
      const connection = new ClientConnection(context, make);
      if (closed) return connection.close(CloseCode.goingAway, "the node stops");
      if (connections.size >= limits.connectionsMax) {
        counters.add("refused-too-many-connections");
        return connection.close(
          CloseCode.overloaded,
          `${limits.connectionsMax} clients are connected: ask another replica`,
        );
      }
      counters.add("connections-accepted");
      connections.add(connection);
      cancelSweep ??= clock.after(Math.min(1000, limits.helloMs), sweep);
    },
    connections: () => connections.size,
    counters: () => counters.read(),
    close() {
      closed = true;
      cancelSweep?.();
      cancelSweep = null;
      for (const connection of [...connections]) connection.close(CloseCode.goingAway, "the node stops");
    },
  };
}

function flatStatus(node: number, replica: Served | null): Readonly<Record<string, string | number>> {
  const flat: Record<string, string | number> = { node };
  if (replica === null) return { ...flat, state: "not formed" };
  for (const [name, value] of Object.entries(replica.status() as object)) {
    if (typeof value === "number" || typeof value === "string") flat[name] = value;
  }
  return flat;
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
export type Asking = Extract<ClientFrame, { kind: "call" | "read" | "watch" }>;
