import type { Speaker } from "@quorate/paxos";
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

/** Payload bytes of a message, near enough for the limits on queues. */
function payloadBytes(message: PeerMessage): number {
  switch (message.kind) {
    case "accept":
    case "learn":
      return message.entries.reduce((sum, entry) => sum + entry.bytes.length, 64);
    case "promise":
      return message.votes.reduce((sum, entry) => sum + entry.bytes.length, 64);
    case "snapshot-chunk":
      return message.bytes.length + 64;
    default:
      return 64;
  }
}

class MemoryTransport implements Transport {
  readonly #network: Network;
  readonly #node: number;
  readonly #outgoing = new Map<number, FramePart[]>();
  readonly #queuedBytes = new Map<number, number>();
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
    this.#outgoing.clear();
  }

  send(group: number, speaker: Speaker, to: readonly number[], message: PeerMessage): void {
    if (this.#receive === null) return;
    for (const node of to) {
      if (node === this.#node) continue;
      const parts = this.#outgoing.get(node);
      if (parts === undefined) this.#outgoing.set(node, [{ group, speaker, message }]);
      else parts.push({ group, speaker, message });
    }
  }

  endTurn(): void {
    if (this.#outgoing.size === 0) return;
    for (const [node, parts] of this.#outgoing) {
      const bytes = parts.reduce((sum, part) => sum + payloadBytes(part.message), 0);
      this.#queuedBytes.set(node, this.queuedBytes(node) + bytes);
      let first = true;
      const deliver = (): void => {
        if (first) this.#queuedBytes.set(node, this.queuedBytes(node) - bytes);
        first = false;
        this.#network.deliver(this.#node, node, parts);
      };
      this.#network.schedule(this.#node, node, bytes, deliver, parts);
    }
    this.#outgoing.clear();
  }

  queuedBytes(node: number): number {
    return this.#queuedBytes.get(node) ?? 0;
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
  readonly #cuts = new Set<string>();
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
    this.#cuts.add(`${from}>${to}`);
  }

  heal(from: number, to: number): void {
    this.#cuts.delete(`${from}>${to}`);
  }

  healAll(): void {
    this.#cuts.clear();
  }

  /** A node that is not there refuses the link, and its peer is told so in a later turn. */
  deliver(from: number, to: number, parts: readonly FramePart[]): void {
    if (this.#cuts.has(`${from}>${to}`)) return;
    const receiver = this.#transports.get(to);
    if (receiver !== undefined && receiver.isOpen) {
      this.delivered += 1;
      receiver.take(parts);
      return;
    }
    if (this.#cuts.has(`${to}>${from}`)) return;
    const sender = this.#transports.get(from);
    const refuse = (): void => {
      if (this.#transports.get(from) === sender && !(this.#transports.get(to)?.isOpen ?? false)) sender?.refuse(to);
    };
    this.schedule(to, from, 0, refuse, []);
  }
}

/** A network whose frames arrive when `schedule` says so. Without cuts it loses, repeats and reorders only what `schedule` does. */
export function memoryNetwork(schedule: FrameSchedule): MemoryNetwork {
  return new Network(schedule);
}
