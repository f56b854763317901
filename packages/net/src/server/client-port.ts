import type { Clock } from "@quorate/machine";
import { createCounters } from "../counters.ts";
import { CloseCode } from "../handshake.ts";
import { NET_LIMITS, type NetLimits } from "../limits.ts";
import type { Socket, SocketEvents } from "../websocket/socket.ts";
import { ClientConnection } from "./client-connection.ts";
import type { PortContext, Served } from "./port-context.ts";

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
      connections.delete(connection as ClientConnection);
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
