import type { Entry, Speaker } from "@quorate/paxos";
import type { PeerMessage, Transport } from "./transport.ts";

/** One message in a frame, and who speaks it. */
export interface FramePart {
  readonly group: number;
  readonly speaker: Speaker;
  readonly message: PeerMessage;
}

/**
 * When a frame of `bytes` bytes from one node to another arrives: call `deliver` in a later turn, once, twice or never. `parts`: what it
 * carries; empty for the news that a link is refused.
 */
export type FrameSchedule = (
  from: number,
  to: number,
  bytes: number,
  deliver: () => void,
  parts: readonly FramePart[],
) => void;

/** A network in memory: links between the transports of its nodes, for tests and the simulator. */
export interface MemoryNetwork {
  /** The transport of `node`; a new one replaces the earlier one, as a restarted process does. */
  transport(node: number): Transport;
  /** Frames from one node to the other are lost from now on, those on their way too. One direction. */
  cut(from: number, to: number): void;
  heal(from: number, to: number): void;
  /** All links. */
  healAll(): void;
  /** Frames that arrived. */
  readonly delivered: number;
}

/** Of a message without a payload, near enough. */
const HEAD_BYTES = 64;

/** Payload bytes of a message, near enough for the limits on queues. */
function payloadBytes(message: PeerMessage): number {
  switch (message.kind) {
    case "accept":
    case "learn":
      return HEAD_BYTES + bytesOf(message.entries);
    case "promise":
      return HEAD_BYTES + bytesOf(message.votes);
    case "snapshot-chunk":
      return HEAD_BYTES + message.bytes.length;
    default:
      return HEAD_BYTES;
  }
}

function bytesOf(entries: readonly Entry[]): number {
  let bytes = 0;
  for (let index = 0; index < entries.length; index++) bytes += entries[index]!.bytes.length;
  return bytes;
}

/** What goes from one node to another. */
interface Way {
  readonly to: number;
  /** Of this turn; empty: it does not wait for its end. */
  parts: FramePart[];
  partsBytes: number;
  /** On their way. */
  queuedBytes: number;
}

class MemoryTransport implements Transport {
  readonly #network: Network;
  readonly #node: number;
  readonly #ways: Way[] = [];
  /** Those with parts, in order. */
  #waiting: Way[] = [];
  #receive: ((from: Speaker, group: number, message: PeerMessage) => void) | null = null;
  #refused: ((node: number) => void) | null = null;

  constructor(network: Network, node: number) {
    this.#network = network;
    this.#node = node;
  }

  get isOpen(): boolean {
    return this.#receive !== null;
  }

  open(receive: (from: Speaker, group: number, message: PeerMessage) => void, refused: (node: number) => void): void {
    this.#receive = receive;
    this.#refused = refused;
  }

  close(): void {
    this.#receive = null;
    this.#refused = null;
    for (const way of this.#waiting) way.parts = [];
    this.#waiting = [];
  }

  send(group: number, speaker: Speaker, to: readonly number[], message: PeerMessage): void {
    if (this.#receive === null) return;
    const part: FramePart = { group, speaker, message };
    const bytes = payloadBytes(message);
    for (let index = 0; index < to.length; index++) {
      const node = to[index]!;
      if (node === this.#node) continue;
      const way = this.#wayTo(node);
      if (way.parts.length === 0) {
        way.partsBytes = 0;
        this.#waiting.push(way);
      }
      way.parts.push(part);
      way.partsBytes += bytes;
    }
  }

  endTurn(): void {
    if (this.#waiting.length === 0) return;
    const ready = this.#waiting;
    this.#waiting = [];
    for (const way of ready) {
      const { to, parts, partsBytes: bytes } = way;
      way.parts = [];
      way.queuedBytes += bytes;
      let first = true;
      const deliver = (): void => {
        if (first) way.queuedBytes -= bytes;
        first = false;
        this.#network.deliver(this.#node, to, parts);
      };
      this.#network.schedule(this.#node, to, bytes, deliver, parts);
    }
  }

  queuedBytes(node: number): number {
    return this.#ways[node]?.queuedBytes ?? 0;
  }

  #wayTo(node: number): Way {
    return (this.#ways[node] ??= { to: node, parts: [], partsBytes: 0, queuedBytes: 0 });
  }

  take(parts: readonly FramePart[]): void {
    for (const part of parts) this.#receive?.(part.speaker, part.group, part.message);
  }

  refuse(node: number): void {
    this.#refused?.(node);
  }
}

class Network implements MemoryNetwork {
  readonly schedule: FrameSchedule;
  readonly #transports = new Map<number, MemoryTransport>();
  readonly #cuts = new Set<number>();
  delivered = 0;

  constructor(schedule: FrameSchedule) {
    this.schedule = schedule;
  }

  transport(node: number): Transport {
    this.#transports.get(node)?.close();
    const transport = new MemoryTransport(this, node);
    this.#transports.set(node, transport);
    return transport;
  }

  cut(from: number, to: number): void {
    this.#cuts.add(linkOf(from, to));
  }

  heal(from: number, to: number): void {
    this.#cuts.delete(linkOf(from, to));
  }

  healAll(): void {
    this.#cuts.clear();
  }

  #isCut(from: number, to: number): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(linkOf(from, to));
  }

  /** A node that is not there refuses the link, and its peer is told so in a later turn. */
  deliver(from: number, to: number, parts: readonly FramePart[]): void {
    if (this.#isCut(from, to)) return;
    const receiver = this.#transports.get(to);
    if (receiver !== undefined && receiver.isOpen) {
      this.delivered += 1;
      receiver.take(parts);
      return;
    }
    if (this.#isCut(to, from)) return;
    const sender = this.#transports.get(from);
    const refuse = (): void => {
      if (this.#transports.get(from) === sender && !(this.#transports.get(to)?.isOpen ?? false)) sender?.refuse(to);
    };
    this.schedule(to, from, 0, refuse, []);
  }
}

/** Ids of nodes are below 1024. */
function linkOf(from: number, to: number): number {
  return from * 1024 + to;
}

/** A network whose frames arrive when `schedule` says so. Without cuts it loses, repeats and reorders only what `schedule` does. */
export function memoryNetwork(schedule: FrameSchedule): MemoryNetwork {
  return new Network(schedule);
}
