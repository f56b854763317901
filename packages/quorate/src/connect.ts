import { type Client, createClient } from "@quorate/client";
import { type Kv, kv } from "@quorate/kv";
import { lock, type LockClient } from "@quorate/lock";
import { createNodeClock } from "@quorate/log/node";
import type { CallOptions, Caller, Clock, MachineDefinition, ReadOptions, Shape } from "@quorate/machine";
import { dialWebSocket } from "@quorate/net";
import { randomSeed } from "./random-seed.ts";

/** How to connect. */
export interface ConnectOptions {
  /** Of any replicas; the others are told by whichever answers. Each is `ws://host:port` or `host:port`. At least one. */
  readonly endpoints: readonly string[];
  /** Refuse replicas of any other cluster. Default: any. */
  readonly cluster?: string;
  /** How long the log keeps the session of a client that went silent, in milliseconds. Default 10,000. */
  readonly sessionTtlMs?: number;
}

/** A state machine of your own, as its clients see it. */
export interface MachineClient<S extends Shape> {
  /** Applied exactly once; throws QuorateError, whose `outcome` says whether it was applied. */
  call(command: S["command"], options?: CallOptions): Promise<S["result"]>;
  read(query: S["query"], options?: ReadOptions): Promise<S["answer"]>;
}

/** A connection to a cluster: its key-value store, its locks, and machines of your own. */
export interface Quorate {
  readonly kv: Kv;
  readonly lock: LockClient;
  readonly client: Client;
  machine<S extends Shape>(definition: MachineDefinition<S>): MachineClient<S>;
  /** Closes the session, so that everything it holds is released at once, then the connections. */
  close(): Promise<void>;
}

/** The endpoints of the cluster that `quorate up` starts. */
export const LOCAL_ENDPOINTS: readonly string[] = [7401, 7402, 7403].map((port) => `ws://127.0.0.1:${port}`);

/**
 * Connects to a cluster. Returns at once; the first call finds a replica and the leader.
 *
 * @throws QuorateError `BAD_OPTION` for an endpoint that cannot be one. Calls throw `NO_REPLICA` with each endpoint and why it failed.
 */
export function connect(options: ConnectOptions | readonly string[] = LOCAL_ENDPOINTS): Quorate {
  const given: ConnectOptions = "endpoints" in options ? options : { endpoints: options };
  const clock: Clock = createNodeClock();
  const client = createClient({
    endpoints: given.endpoints.map(endpointOf),
    dial: dialWebSocket({ clock, ...(given.cluster === undefined ? {} : { cluster: given.cluster }) }),
    clock,
    seed: randomSeed(),
    ...(given.sessionTtlMs === undefined ? {} : { sessionTtlMs: given.sessionTtlMs }),
  });
  return {
    kv: kv(client),
    lock: lock(client, clock),
    client,
    machine: (definition) => machineClient(client, definition),
    close: () => client.close(),
  };
}

/** A typed client of the machine that `definition` defines. */
export function machineClient<S extends Shape>(caller: Caller, definition: MachineDefinition<S>): MachineClient<S> {
  const { name, codecs } = definition;
  return {
    async call(command, options) {
      const reply = await caller.call(name, codecs.command.encode(command), options);
      return codecs.result.decode(reply.bytes);
    },
    async read(query, options) {
      const reply = await caller.read(name, codecs.query.encode(query), options);
      return codecs.answer.decode(reply.bytes);
    },
  };
}

/** `host:port` as a WebSocket address. */
export function endpointOf(given: string): string {
  return /^wss?:\/\//.test(given) ? given : `ws://${given}`;
}
