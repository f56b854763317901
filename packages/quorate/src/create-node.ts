import type { IncomingMessage, ServerResponse } from "node:http";

import { kvMachine } from "@quorate/kv";
import { lockMachine } from "@quorate/lock";
import { createHost, type Host, initialMembers, type Replica } from "@quorate/log";
import { createNodeClock, createNodeDisk } from "@quorate/log/node";
import { compose, type MachineDefinition, QuorateError, type Shape } from "@quorate/machine";
import { createClientPort, createPeerTransport, listen, type Listener } from "@quorate/net";
import { ENGINE_DEFAULTS } from "@quorate/paxos";
import { endpointOf } from "./connect.ts";
import { type NodeLimits, nodeLimits } from "./node-limits.ts";
import { randomSeed } from "./random-seed.ts";
import { statusFields } from "./status-fields.ts";

/** The one group of a node; later there will be more. */
const GROUP = 1;

/** How a node is set up. */
export interface NodeOptions {
  /** Of all nodes alike, 1 … 64 characters; stands in the folder for ever. */
  readonly cluster: string;
  /** 1 … 1023. */
  readonly id: number;
  /** Folder of this node alone; made if need be. */
  readonly data: string;
  /** Every initial member's address, this one's too: node id → `host:port`. Loopback only, unless `insecure`. */
  readonly peers: ReadonlyMap<number, string>;
  /** `host:port` to listen on. Default: this node's address in `peers`. */
  readonly listen?: string;
  /** Machines in the log beside `kv` and `lock`. The same on every node. Default: none. */
  readonly machines?: readonly MachineDefinition<Shape>[];
  /** Addresses other than loopback carry everything in the clear. Default false: refused. */
  readonly insecure?: boolean;
  /** What differs from the defaults, for instance `checkpointEntries` or `segmentBytes`. Each is described in @quorate/log. */
  readonly limits?: Partial<NodeLimits>;
  /** Told once when the node can serve no more. Default: nobody. */
  readonly onFailed?: (error: QuorateError) => void;
  /** What is not a WebSocket. Default: 404. */
  readonly http?: (request: IncomingMessage, response: ServerResponse) => void;
}

/** One node in this process. */
export interface QuorateNode {
  /** `ws://host:port`, for `connect`. */
  readonly endpoint: string;
  readonly replica: Replica;
  status(): Readonly<Record<string, string | number>>;
  /** Answers what waits, seals the log and gives the folder back. */
  close(): Promise<void>;
}

/**
 * Starts a node and resolves once the cluster is formed and its replica serves.
 *
 * @throws QuorateError `PORT_IN_USE`, `NOT_WRITABLE`, `FOLDER_IN_USE`, `WRONG_CLUSTER`, `WIPED`, `NOT_FORMED`, `LOG_CORRUPT`, `LOG_NEWER`,
 * `DISK_FULL` or `BAD_OPTION`. Nothing is left running then.
 */
export async function createNode(options: NodeOptions): Promise<QuorateNode> {
  const { cluster, id, peers } = options;
  const address = options.listen ?? peers.get(id);
  if (address === undefined) {
    throw new QuorateError("BAD_OPTION", "not-applied", `node ${id} has no address: name it in peers, or give listen`, {
      node: id,
    });
  }
  for (const [node, peer] of peers) {
    const { host: peerHost } = hostAndPort(peer);
    if (options.insecure !== true && !isLoopback(peerHost)) {
      throw new QuorateError(
        "BAD_OPTION",
        "not-applied",
        `node ${node} at ${peer} is not on this machine: links are neither encrypted nor authenticated. Say --insecure (insecure: true) if that network is yours alone`,
        { node, peer },
      );
    }
  }
  const nodes = [...peers.keys()].sort((one, other) => one - other);
  const endpoints = new Map([...peers].map(([node, peer]) => [node, endpointOf(peer)]));
  const limits = nodeLimits(options.limits ?? {});
  const clock = createNodeClock();
  const seed = randomSeed();
  let host: Host | null = null;
  let replica: Replica | null = null;
  let counted: () => Readonly<Record<string, number>> = () => ({});
  let failed: ((error: QuorateError) => void) | null = null;

  const transport = createPeerTransport({
    cluster,
    node: id,
    incarnation: () => host?.status().incarnation ?? 0,
    peers: endpoints,
    clock,
    seed,
  });
  const clients = createClientPort({
    cluster,
    node: id,
    endpoints,
    replica: () => replica,
    status: () => statusFields(id, cluster, host, replica, counted()),
    clock,
  });
  const listener = await listening(options, address, { peers: transport, clients });
  counted = () => ({ ...listener.counters(), ...transport.counters(), ...clients.counters() });
  try {
    const open = new Promise<Replica>((resolve, reject) => {
      failed = reject;
      const made = createHost({
        cluster,
        id,
        initialNodes: nodes,
        join: false,
        disk: createNodeDisk(options.data),
        transport,
        clock,
        seed,
        limits,
        walLimits: limits,
        snapshotLimits: limits,
        protocol: ENGINE_DEFAULTS,
        onFailed: (error) => {
          if (replica === null) failed?.(error);
          else options.onFailed?.(error);
        },
      });
      host = made;
      const machine = compose([kvMachine(), lockMachine, ...(options.machines ?? [])] as MachineDefinition<Shape>[]);
      made.open({ group: GROUP, machine, members: initialMembers(nodes) }, (error, opened) => {
        if (error !== null) reject(error);
        else resolve(opened);
      });
    });
    replica = await open;
  } catch (error) {
    await closed(listener, host);
    throw error;
  }
  const serving = replica;
  return {
    endpoint: listener.endpoint,
    replica: serving,
    status: () => statusFields(id, cluster, host, serving, counted()),
    close: async () => {
      replica = null;
      clients.close();
      await closed(listener, host);
    },
  };
}

function listening(
  options: NodeOptions,
  address: string,
  ports: Pick<Parameters<typeof listen>[0], "peers" | "clients">,
): Promise<Listener> {
  const { host, port } = hostAndPort(address);
  const given = {
    host,
    port,
    ...ports,
    ...(options.insecure === undefined ? {} : { insecure: options.insecure }),
    ...(options.http === undefined ? {} : { http: options.http }),
  };
  return new Promise((resolve, reject) =>
    listen(given, (error, listener) => (error === null ? resolve(listener) : reject(error))),
  );
}

async function closed(listener: Listener, host: Host | null): Promise<void> {
  await new Promise<void>((resolve) => (host === null ? resolve() : host.close(() => resolve())));
  await new Promise<void>((resolve) => listener.close(resolve));
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Splits `host:port`, `ws://host:port` or `[::1]:port`. */
export function hostAndPort(address: string): { host: string; port: number } {
  const match = /^(?:wss?:\/\/)?(?:\[(?<six>[^\]]+)\]|(?<host>[^:/]+)):(?<port>\d{1,5})\/?$/.exec(address);
  const port = Number(match?.groups?.["port"]);
  const host = match?.groups?.["six"] ?? match?.groups?.["host"];
  if (host === undefined || !(port <= 65_535)) {
    throw new QuorateError("BAD_OPTION", "not-applied", `"${address}" is not host:port, as in 127.0.0.1:7401`, {
      address,
    });
  }
  return { host, port };
}
